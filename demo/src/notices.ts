import { element, make } from "./dom.js";

export interface Action {
  text: string;
  run: () => void;
}

const shown = new Map<string, HTMLElement>();

/**
 * Says on the page what went wrong, or what can be undone, until it is closed.
 *
 * @param topic one notice each: a new one takes the old one's place
 * @param details the error itself, folded away
 */
export function notice(topic: string, text: string, options: { details?: unknown; action?: Action } = {}): void {
  const { details, action } = options;
  const box = make("div", { class: "notice" }, make("p", {}, text));
  if (action) {
    const button = make("button", { type: "button" }, action.text);
    button.addEventListener("click", () => {
      withdraw(topic);
      action.run();
    });
    box.append(button);
  }
  const close = make("button", { type: "button", class: "quiet", "aria-label": "Close this notice" }, "Close");
  close.addEventListener("click", () => withdraw(topic));
  box.append(close);
  if (details !== undefined)
    box.append(make("details", {}, make("summary", {}, "What the program says"), make("pre", {}, messageOf(details))));
  shown.get(topic)?.remove();
  shown.set(topic, box);
  element("notices").append(box);
}

export function withdraw(topic: string): void {
  shown.get(topic)?.remove();
  shown.delete(topic);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
