import { existsSync, readFileSync, statSync } from "node:fs";
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

export interface Served {
  url: string;
  close(): Promise<void>;
}

export type Headers = Record<string, string>;

const TYPES: Headers = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

async function listen(answer: RequestListener): Promise<Served> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const pathOf = (message: IncomingMessage): string => normalize(decodeURIComponent(new URL(message.url!, "http://localhost").pathname));

/** A plain server of static files. */
export const serve = (folder: string, headers: Headers = {}): Promise<Served> =>
  listen((message, response) => {
    const path = join(folder, pathOf(message));
    const file = path.endsWith("/") ? `${path}index.html` : path;
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404, headers).end();
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream", ...headers });
    response.end(readFileSync(file));
  });

/** What another server answers, with more headers, or with others; an empty one is as good as none. */
export const inFrontOf = (url: string, headers: Headers): Promise<Served> =>
  listen((message, response: ServerResponse) => {
    const passOn = request(new URL(message.url!, url), { method: message.method, headers: message.headers }, (answer) => {
      const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      response.writeHead(answer.statusCode!, { ...answer.headers, ...own });
      answer.pipe(response);
    });
    passOn.on("error", () => response.destroy());
    message.pipe(passOn);
  });
