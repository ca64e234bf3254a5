//! A record's key and columns as a struct of the caller's.

use serde::de::{DeserializeOwned, IntoDeserializer, Visitor, value::MapDeserializer};

use crate::{
    Error, ErrorKind, Record, Result,
    stream::{self, StreamInfo},
    value::Value,
};

/// What goes wrong when a struct does not fit the columns.
type Mismatch = serde::de::value::Error;

impl Record {
    /// Reads key and columns into a struct whose members are named like them; `stream` is the record's own.
    ///
    /// Amounts and decimals fit `rust_decimal::Decimal` and texts, days and instants `chrono`'s types or text; members for
    /// columns that may be null are options. Members that the stream has no column for must be optional.
    ///
    /// ```
    /// use sentia_core::{ColumnKind, StreamInfo, json_record::json_record};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Rate { key: String, rate: rust_decimal::Decimal, since: Option<chrono::NaiveDate> }
    ///
    /// let stream = StreamInfo::new("rates").key(&["currency"])
    ///     .column("rate", ColumnKind::Decimal)
    ///     .column("since", ColumnKind::Date);
    /// let record = json_record::<serde_json::Value>(&stream, r#"{"currency":"EUR","rate":1.0842}"#.into()).expect("fits");
    /// let rate: Rate = record.read(&stream)?;
    /// assert_eq!((rate.key.as_str(), rate.rate.to_string().as_str(), rate.since), ("EUR", "1.0842", None));
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `ConfigInvalid` when the struct does not fit, naming the member.
    pub fn read<T: DeserializeOwned>(&self, stream: &StreamInfo) -> Result<T> {
        let key = Value::Text(self.key.clone());
        let columns = named(&stream.columns, &self.values);
        let row = fill(std::iter::once(("key", &key)).chain(columns));
        row.map_err(|error| error.context("stream", stream.name).context("key", &self.key))
    }

    /// Reads the rows of the child table `child` into structs whose members are named like its columns, in the vendor's
    /// order.
    ///
    /// ```
    /// use sentia_core::{ColumnKind, Record, StreamInfo, Value, Version, record::Document, stream::ChildInfo};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Line { sku: Option<String> }
    ///
    /// let mut stream = StreamInfo::new("orders").key(&["id"]);
    /// let columns = StreamInfo::new("x").column("sku", ColumnKind::Text).columns;
    /// stream.children.push(ChildInfo { name: "order_lines", columns });
    /// let lines = vec![vec![Value::Text("BOLT".into())], vec![Value::Null]];
    /// let order = Record::new("1".into(), Version::none(), Document::default(), vec![], vec![lines]);
    /// let lines: Vec<Line> = order.children(&stream, "order_lines")?;
    /// assert_eq!((lines[0].sku.as_deref(), lines[1].sku.as_deref()), (Some("BOLT"), None));
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `ConfigInvalid` when the stream has no such child table, or the struct does not fit.
    pub fn children<T: DeserializeOwned>(&self, stream: &StreamInfo, child: &str) -> Result<Vec<T>> {
        let located = |error: Error| {
            error.context("stream", stream.name).context("child", child).context("key", &self.key)
        };
        let found = stream.children.iter().zip(&self.children).find(|(info, _)| info.name == child);
        let (info, rows) = found.ok_or_else(|| {
            located(Error::new(ErrorKind::ConfigInvalid, "the stream has no such child table"))
        })?;
        rows.iter().map(|row| fill(named(&info.columns, row)).map_err(located)).collect()
    }
}

fn named<'a>(
    columns: &'a [stream::Column],
    values: &'a [Value],
) -> impl Iterator<Item = (&'static str, &'a Value)> {
    columns.iter().map(|column| column.name).zip(values)
}

fn fill<'a, T: DeserializeOwned>(members: impl Iterator<Item = (&'static str, &'a Value)>) -> Result<T> {
    let members = members.map(|(name, value)| (name, Column(value)));
    T::deserialize(MapDeserializer::<_, Mismatch>::new(members)).map_err(|mismatch| {
        Error::new(ErrorKind::ConfigInvalid, format!("the struct does not fit the columns: {mismatch}"))
    })
}

struct Column<'a>(&'a Value);

impl<'de> IntoDeserializer<'de> for Column<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Column<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::Text(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Boolean(boolean) => visitor.visit_bool(*boolean),
            Value::Amount(number) | Value::Decimal(number) => visitor.visit_str(&number.to_string()),
            Value::Date(day) => visitor.visit_str(&day.to_string()),
            Value::Timestamp(instant) => visitor.visit_str(&instant.to_rfc3339()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
