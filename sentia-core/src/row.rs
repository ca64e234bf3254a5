//! A record's key and columns as a struct of the caller's.

use serde::de::{DeserializeOwned, IntoDeserializer, Visitor, value::MapDeserializer};

use crate::{Error, ErrorKind, Record, Result, stream::StreamInfo, value::Value};

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
        let columns = stream.columns.iter().map(|column| column.name).zip(&self.values);
        let members =
            std::iter::once(("key", &key)).chain(columns).map(|(name, value)| (name, Column(value)));
        T::deserialize(MapDeserializer::<_, Mismatch>::new(members)).map_err(|mismatch| {
            Error::new(ErrorKind::ConfigInvalid, format!("the struct does not fit the columns: {mismatch}"))
                .context("stream", stream.name)
                .context("key", &self.key)
        })
    }
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
