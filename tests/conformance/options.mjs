import { parseArgs } from "node:util";
import { fail } from "./lifetime.mjs";

// Reads `--name value` pairs; a name whose default is undefined must be given.
export function options(defaults) {
  const names = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" }]));
  let values;
  try {
    values = { ...defaults, ...parseArgs({ options: names }).values };
  } catch (error) {
    fail(error.message);
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) fail(`--${name} is required`);
  }
  return values;
}
