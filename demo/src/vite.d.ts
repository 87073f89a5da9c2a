/** A file's text: Vite's way to import it. */
declare module "*?raw" {
  const text: string;
  export default text;
}

declare module "*.css";
