// Firefox's reader mode, as it sees a page that is given on stdin: node reader_mode.mjs ADDRESS < page.html
// Prints its title, byline, language and HTML as JSON. WEBTOOLS is the folder with node_modules.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.WEBTOOLS}/`);
const { Readability } = require("@mozilla/readability");
const { JSDOM } = require("jsdom");

const { document } = new JSDOM(readFileSync(0, "utf8"), { url: process.argv[2] }).window;
const { title, byline, lang, content, textContent } = new Readability(document).parse() ?? {};
process.stdout.write(JSON.stringify({ title, byline, lang, content, textContent }));
