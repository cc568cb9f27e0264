// Gives the words of scripts in the page's language; the page carries those that are not English.

const words = JSON.parse(document.querySelector("meta[name=words]")?.content ?? "{}");

export const say = (text) => words[text] ?? text;
