//! Rows of things: products, places, people, bills, batches, and the references to them within documents.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::wire::Object;
use crate::rng::Rng;
use crate::universe::warehouse::{Customer, Record, Supplier, Warehousing};

/// What a row is written from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'u> {
    pub(crate) w: &'u Warehousing,
    pub(crate) now: DateTime<Utc>,
    /// Most fields are left out of products; products within purchase orders are short.
    pub(crate) brief: bool,
    pub(crate) attributes: bool,
    pub(crate) all_contacts: bool,
}

const USER: &str = "stock@hearth-grain.example";

/// The id of something that has no record: a currency, a tax, a group.
fn fixed(name: &str) -> Uuid {
    let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    Rng::new(seed).guid()
}

/// Who made and changed a record, and when.
pub(crate) fn stamps(o: &mut Object<'_>, record: &Record) {
    o.text("CreatedBy", USER).moment("CreatedOn", record.created);
    o.text("LastModifiedBy", record.modified.map(|_| USER)).moment("LastModifiedOn", record.modified);
}

pub(crate) fn product_ref(o: &mut Object<'_>, w: &Warehousing, product: usize) {
    let known = &w.products[product];
    o.object("Product", |o| {
        o.reference("Guid", known.record.id)
            .text("ProductCode", known.code.as_str())
            .text("ProductDescription", known.description.as_str());
    });
}

pub(crate) fn warehouse_ref(o: &mut Object<'_>, name: &str, w: &Warehousing, warehouse: usize) {
    let known = &w.warehouses[warehouse];
    o.object(name, |o| {
        o.reference("Guid", known.record.id)
            .text("WarehouseCode", known.code)
            .text("WarehouseName", known.name);
    });
}

pub(crate) fn customer_ref(o: &mut Object<'_>, w: &Warehousing, customer: usize) {
    let known = &w.customers[customer];
    o.object("Customer", |o| {
        o.text("CustomerCode", known.code.as_str())
            .text("CustomerName", known.name.as_str())
            .integer("CurrencyId", currency_id(known.currency))
            .reference("Guid", known.record.id)
            .moment("LastModifiedOn", known.record.modified);
    });
}

pub(crate) fn supplier_ref(o: &mut Object<'_>, known: &Supplier) {
    o.object("Supplier", |o| {
        o.reference("Guid", known.record.id)
            .text("SupplierCode", known.code.as_str())
            .text("SupplierName", known.name.as_str());
    });
}

fn currency_id(code: &str) -> i64 {
    if code == "GBP" { 110 } else { 1 }
}

pub(crate) fn currency(o: &mut Object<'_>, code: &'static str) {
    let pounds = code == "GBP";
    let rate = if pounds { Decimal::ONE } else { Decimal::new(12_734, 4) };
    o.object("Currency", |o| {
        o.text("CurrencyCode", code)
            .text(
                "Description",
                if pounds { "United Kingdom, Pounds" } else { "United States of America, Dollars" },
            )
            .number("DefaultBuyRate", rate)
            .number("DefaultSellRate", rate)
            .id("Guid", fixed(code))
            .null("LastModifiedOn");
    });
}

pub(crate) fn tax(o: &mut Object<'_>, rate: Decimal) {
    let (code, text) =
        if rate == Decimal::new(2, 1) { ("V.A.T.", "VAT 20%") } else { ("NYTAX", "Sales tax") };
    o.object("Tax", |o| {
        o.flag("CanApplyToExpenses", false)
            .flag("CanApplyToRevenue", true)
            .text("Description", text)
            .id("Guid", fixed(code))
            .null("LastModifiedOn")
            .flag("Obsolete", false)
            .text("TaxCode", code)
            .number("TaxRate", rate);
    });
}

pub(crate) fn address(o: &mut Object<'_>, kind: &'static str, known: &Customer) {
    let british = known.country == "United Kingdom";
    o.text("AddressType", kind)
        .text("AddressName", "Main")
        .text("StreetAddress", "1 High Street")
        .text("StreetAddress2", "")
        .text("Suburb", "")
        .text("City", if british { "Leeds" } else { "New York" })
        .text("Region", if british { "West Yorkshire" } else { "NY" })
        .text("Country", known.country)
        .text("PostalCode", known.postcode.as_str())
        .flag("IsDefault", true)
        .null("DeliveryInstruction");
}

pub(crate) fn warehouse(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let known = &scene.w.warehouses[at];
    o.text("AddressLine1", known.street)
        .null("AddressLine2")
        .text("City", known.city)
        .null("ContactName")
        .text("Country", known.country)
        .nulls(&["DDINumber", "FaxNumber"])
        .id("Guid", known.record.id)
        .flag("IsDefault", known.is_default)
        .moment("LastModifiedOn", known.record.modified)
        .null("MobileNumber")
        .flag("Obsolete", known.obsolete)
        .text("PhoneNumber", "")
        .text("PostCode", known.postcode)
        .text("Region", "")
        .text("StreetNo", "")
        .text("Suburb", "")
        .text("WarehouseCode", known.code)
        .text("WarehouseName", known.name);
}

pub(crate) fn product(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let known = &scene.w.products[at];
    o.id("Guid", known.record.id)
        .text("ProductCode", known.code.as_str())
        .text("ProductDescription", known.description.as_str());
    if scene.brief {
        return;
    }
    o.text("Barcode", known.barcode.as_deref())
        .nulls(&["BinLocation", "CommerceCode", "CustomsDescription", "Notes"])
        .object("UnitOfMeasure", |o| {
            o.text("Name", known.unit).id("Guid", fixed(known.unit));
        })
        .object("ProductGroup", |o| {
            o.text("GroupName", known.group).id("Guid", fixed(known.group)).null("LastModifiedOn");
        })
        .nulls(&["PackSize", "Width", "Height", "Depth"])
        .number("Weight", known.weight)
        .nulls(&["MinStockAlertLevel", "MaxStockAlertLevel", "ReOrderPoint", "MinimumOrderQuantity"])
        .nulls(&["MinimumSaleQuantity", "MinimumSellPrice"])
        .number("DefaultPurchasePrice", known.last_cost)
        .number("DefaultSellPrice", known.sell_price)
        .null("CustomerSellPrice")
        .number("AverageLandPrice", known.cost)
        .number("LastCost", known.last_cost);
    product_flags(o, scene, at);
    // One source saw the value of a price tier as text; every second product has it so.
    for tier in 1..=10 {
        let price = known.sell_price.filter(|_| tier == 1);
        o.object(&format!("SellPriceTier{tier}"), |o| {
            o.text("Name", format!("Sell Price Tier {tier}").as_str());
            match price {
                Some(price) if at % 2 == 1 => o.text("Value", price.to_string().as_str()),
                price => o.number("Value", price),
            };
        });
    }
}

fn product_flags(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let known = &scene.w.products[at];
    o.flag("IsComponent", known.component)
        .flag("IsAssembledProduct", known.assembled)
        .flag("IsSellable", known.sell_price.is_some())
        .flag("IsPurchasable", !known.assembled)
        .flag("IsSerialized", false)
        .flag("IsBatchTracked", known.batch_tracked)
        .flag("NeverDiminishing", known.never_diminishing)
        .flag("Obsolete", known.obsolete)
        .flag("TaxablePurchase", true)
        .flag("TaxableSales", true)
        .nulls(&["XeroTaxCode", "XeroTaxRate", "XeroSalesTaxCode", "XeroSalesTaxRate", "XeroSalesAccount"])
        .nulls(&["XeroCostOfGoodsAccount", "PurchaseAccount"]);
    match known.supplier {
        Some(supplier) => supplier_ref(o, &scene.w.suppliers[supplier]),
        None => {
            o.null("Supplier");
        }
    }
    if scene.attributes && known.component {
        o.object("AttributeSet", |o| {
            o.text("SetName", "Material").id("Guid", fixed("Material"));
        });
    } else {
        o.null("AttributeSet");
    }
    o.null("ImageUrl").array("Images", [(); 0], |_, ()| {}).array(
        "AlternateUnitsOfMeasure",
        [(); 0],
        |_, ()| {},
    );
    let held =
        scene.w.warehouses.iter().enumerate().filter(|(place, _)| scene.w.stock_of(at, *place).is_some());
    o.array("InventoryDetails", held, |o, (place, _)| {
        // The letter case of this member is unsure; the one typed source has it in lower case.
        warehouse_ref(o, if at.is_multiple_of(2) { "Warehouse" } else { "warehouse" }, scene.w, place);
        o.nulls(&["WarehouseMinStockAlertLevel", "WarehouseMaxStockAlertLevel"]);
    });
    o.nulls(&["SourceId", "SourceVariantParentId"]);
    stamps(o, &known.record);
}

pub(crate) fn customer(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let known = &scene.w.customers[at];
    o.id("Guid", known.record.id)
        .text("CustomerCode", known.code.as_str())
        .text("CustomerName", known.name.as_str())
        .text("CustomerType", known.trade.then_some("Trade"))
        .null("CustomerTypeGuid")
        .integer("CurrencyId", currency_id(known.currency));
    currency(o, known.currency);
    o.array("Addresses", ["Postal", "Physical"], |o, kind| address(o, kind, known))
        .text("ContactFirstName", known.first_name)
        .text("ContactLastName", known.last_name)
        .text("Email", known.email.as_deref())
        .nulls(&[
            "EmailCC",
            "PhoneNumber",
            "MobileNumber",
            "FaxNumber",
            "DDINumber",
            "BankName",
            "BankBranch",
        ])
        .nulls(&["BankAccount", "GSTVATNumber"])
        .text("PaymentTerm", known.trade.then_some("20th Month following"))
        .number("DiscountRate", Decimal::ZERO)
        .nulls(&["SellPriceTier", "SellPriceTierReference"])
        .flag("StopCredit", false)
        .null("TaxCode")
        .flag("PrintInvoice", false)
        .flag("PrintPackingSlipInsteadOfInvoice", false)
        .nulls(&["Salesperson", "Notes"])
        .flag("Obsolete", known.obsolete)
        .text("CreatedBy", USER)
        .moment("CreatedOn", known.record.created)
        .moment("LastModifiedOn", known.record.modified);
    if scene.all_contacts {
        o.array("Contacts", known.email.as_deref(), |o, _| contact(o, known));
    }
}

/// The one contact of a customer who has a mail address.
pub(crate) fn contact(o: &mut Object<'_>, known: &Customer) {
    o.id("Guid", fixed(&known.code))
        .text("FirstName", known.first_name)
        .text("LastName", known.last_name)
        .text("EmailAddress", known.email.as_deref())
        .flag("IsDefault", true);
}

pub(crate) fn supplier(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let known = &scene.w.suppliers[at];
    o.id("Guid", known.record.id)
        .text("SupplierCode", known.code.as_str())
        .text("SupplierName", known.name.as_str())
        .array("Addresses", [(); 0], |_, ()| {});
    currency(o, known.currency);
    o.nulls(&[
        "Email",
        "PhoneNumber",
        "MobileNumber",
        "FaxNumber",
        "DDINumber",
        "TollFreeNumber",
        "BankName",
    ])
    .nulls(&["BankBranch", "BankAccount", "GSTVATNumber", "PaymentTerm"])
    .flag("Taxable", true)
    .nulls(&["TaxRate", "LeadTimeDays", "MinimumOrderQuantity", "MinimumOrderValue", "Notes", "Reminder"])
    .nulls(&["PurchaseOrderCostDistributionMethod", "PurchaseOrderPrintTemplate"])
    .null("SupplierReturnPrintTemplate")
    .flag("Obsolete", known.obsolete);
    stamps(o, &known.record);
}

pub(crate) fn bill(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.bills[at]);
    o.id("Guid", known.record.id).text("BillNumber", known.number.as_str());
    product_ref(o, w, known.product);
    parts(o, "BillOfMaterialsLines", w, &known.parts);
    let cost: Decimal = known.parts.iter().map(|part| part.quantity * w.products[part.product].cost).sum();
    // AverageDuration is missing in lists.
    o.flag("CanAutoAssemble", false)
        .flag("CanAutoDisassemble", false)
        .flag("AutoAssignOldestBatchSerial", false)
        .flag("SortByProductCode", false)
        .number("TotalCost", cost.round_dp(14))
        .text("DurationType", "Unit")
        .nulls(&["ExpectedDuration", "ProductionDaysPerWeek", "ProductionHoursPerDay", "AssemblyLayoutId"])
        .flag("Obsolete", known.obsolete);
    stamps(o, &known.record);
}

pub(crate) fn parts(
    o: &mut Object<'_>,
    name: &str,
    w: &Warehousing,
    parts: &[crate::universe::warehouse::Part],
) {
    o.array(name, parts.iter().enumerate(), |o, (ordinal, part)| {
        o.id("Guid", part.id).integer("LineNumber", ordinal as i64 + 1);
        product_ref(o, w, part.product);
        o.quantity("Quantity", part.quantity);
    });
}

pub(crate) fn batch(o: &mut Object<'_>, scene: &Scene<'_>, at: usize) {
    let (w, known) = (scene.w, &scene.w.batches[at]);
    o.id("Guid", known.record.id)
        .text("Number", known.number.as_str())
        .day("ExpiryDate", known.expiry)
        .quantity("Quantity", known.quantity)
        .quantity("OriginalQty", known.original)
        .text("ProductCode", w.products[known.product].code.as_str())
        .text("WarehouseCode", w.warehouses[known.warehouse].code)
        .text("Status", known.status)
        .moment("LastModifiedOn", known.record.modified.or(Some(known.record.created)));
}
