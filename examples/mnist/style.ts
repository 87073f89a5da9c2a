/** Colours where the terminal has them; NO_COLOR turns them off. */
export const coloured = process.stdout.isTTY && process.stdout.hasColors(256);

const paint = (code: string) => (text: string) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint("1");
export const dim = paint("2");
export const red = paint("31");
export const green = paint("32");
export const cyan = paint("36");
