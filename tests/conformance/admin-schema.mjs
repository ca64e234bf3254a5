// The Shopify Admin schema, as Shopify publishes it, for one version.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { buildSchema } from "graphql";

export const VERSIONS = ["2026-04", "2026-07", "2026-10"];

export function adminSchema(specs, version) {
  const plain = join(specs, "shopify", "admin", `admin-${version}.graphql`);
  const model = existsSync(plain) ? readFileSync(plain) : gunzipSync(readFileSync(`${plain}.gz`));
  return buildSchema(model.toString("utf8"), { assumeValidSDL: true, noLocation: true });
}
