// What Prism's answers for Unleashed cannot be. The model is reconstructed, its examples are one page of one record.
import { nothing } from "./any.mjs";

const placeholders = [
  {
    operations: ["pageOrGetStockOnHand"],
    why: "the example is the sum over all warehouses, which names none: asked for one warehouse, it is of that one",
    fill(answer, { url }) {
      const code = url.searchParams.get("warehouseCode");
      if (code !== null) for (const row of answer.Items) row.WarehouseCode = code;
    },
  },
];

// The model cannot tell the path of a page from that of a record and lets an answer be either; connectors read pages.
const narrowed = ({ path }) => (path.endsWith("{pageOrGuid}") ? "/oneOf/0" : "");

export default { ...nothing, placeholders, narrowed };
