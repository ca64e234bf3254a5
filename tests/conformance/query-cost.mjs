// A plausible `extensions.cost`: one point for each object in the answer and two for each connection.
// Shopify's own numbers follow a finer rule; a client must read them, never compute them. Nothing costs more
// than a single query may.
const DEAREST = 1000;
const BUCKET = { maximumAvailable: 2000, restoreRate: 100 };
const FREE = new Set(["pageInfo", "shopMoney", "presentmentMoney"]);

export function cost(data) {
  const actualQueryCost = Math.min(DEAREST, Math.max(1, points(data) - 1));
  return {
    requestedQueryCost: Math.min(DEAREST, actualQueryCost + 2),
    actualQueryCost,
    throttleStatus: {
      maximumAvailable: BUCKET.maximumAvailable,
      currentlyAvailable: BUCKET.maximumAvailable - actualQueryCost,
      restoreRate: BUCKET.restoreRate,
    },
  };
}

function points(value) {
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + points(item), 0);
  if (value === null || typeof value !== "object") return 0;
  const own = "edges" in value || "nodes" in value ? 2 : 1;
  return Object.entries(value)
    .filter(([name]) => !FREE.has(name))
    .reduce((sum, [, item]) => sum + points(item), own);
}
