//! The warehouses by their GUIDs, because stock is asked for by a code that users may rename.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use sentia_core::{Context, Error, ErrorKind, Result, Text};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    client::Client,
    envelope::{Asked, Listing},
    query::Query,
    wire::{Guid, Maybe},
};

/// The largest page: an account has fewer warehouses.
const PAGE_SIZE: u32 = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Warehouse {
    #[serde(default)]
    guid: Maybe<Guid>,
    #[serde(default)]
    warehouse_code: Maybe<Text>,
}

/// When it was read, and what it holds.
type Known = (DateTime<Utc>, Arc<Vec<Warehouse>>);

/// The account's warehouses as they were read last.
#[derive(Debug, Default)]
pub(super) struct Directory {
    known: Mutex<Option<Known>>,
}

impl Directory {
    /// The code of the warehouse with this GUID; none where there is no such warehouse.
    ///
    /// What was read within `max_age` serves the other warehouses of a run too, so that a run spends one call on it.
    /// None reads anew: a code that was renamed meanwhile finds no stock, which a full read would sweep.
    ///
    /// # Errors
    /// As the vendor's table; `Unsupported` beyond 1000 warehouses.
    pub(super) async fn code(
        &self,
        cx: &Context,
        client: &Client,
        guid: &str,
        max_age: Option<Duration>,
    ) -> Result<Option<String>> {
        let warehouses = self.warehouses(cx, client, max_age).await?;
        let found = warehouses.iter().find(|warehouse| &*warehouse.guid.key() == guid);
        match found.map(|warehouse| warehouse.warehouse_code.as_str()) {
            Some("") => {
                let message = "the warehouse has no code to ask its stock by; give it one in Unleashed";
                Err(Error::new(ErrorKind::InvalidResponse, message).context("warehouse", guid))
            }
            code => Ok(code.map(str::to_owned)),
        }
    }

    async fn warehouses(
        &self,
        cx: &Context,
        client: &Client,
        max_age: Option<Duration>,
    ) -> Result<Arc<Vec<Warehouse>>> {
        let mut known = self.known.lock().await;
        let now = cx.clock().now();
        if let (Some((read, warehouses)), Some(max_age)) = (&*known, max_age)
            && (now - *read).to_std().is_ok_and(|age| age < max_age)
        {
            return Ok(warehouses.clone());
        }
        let warehouses = Arc::new(read(cx, client).await?);
        *known = Some((now, warehouses.clone()));
        Ok(warehouses)
    }
}

async fn read(cx: &Context, client: &Client) -> Result<Vec<Warehouse>> {
    let query = Query::default().with("pageSize", &PAGE_SIZE.to_string()).with("includeObsolete", "true");
    let response = client.get(cx, "Warehouses/1", &query).await?;
    let listing = Listing::open(&response, Asked { page: 1, size: PAGE_SIZE }, |walk| {
        let documents = walk.documents()?;
        let seen = documents.len();
        Ok((documents, seen))
    })?;
    if listing.goes_on {
        let message = "stock of more than 1000 warehouses cannot be read; please report it";
        return Err(Error::new(ErrorKind::Unsupported, message));
    }
    let warehouse = |document: &bytes::Bytes| {
        serde_json::from_slice(document)
            .map_err(|e| response.invalid("a warehouse in the list cannot be read").source(e))
    };
    listing.records.iter().map(warehouse).collect()
}
