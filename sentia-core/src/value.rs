//! What a typed column holds, and the check that binds a row to its record.
//!
//! A column is declared by its kind alone; the store chooses the database's type for it, so that one declaration makes
//! the table on SQLite and on PostgreSQL and both hold equal values.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::{Text, checksum::Xxh64};

/// The type of a column. The store chooses the database type (docs/concepts.md has the table).
///
/// Money that is summed is an [`Amount`](ColumnKind::Amount); a unit price, an exchange rate or a quantity, which may
/// have more decimals, is a [`Decimal`](ColumnKind::Decimal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnKind {
    /// UTF-8 text.
    Text,
    /// A 64-bit integer.
    Integer,
    /// True or false.
    Boolean,
    /// A sum of money with at most four decimals; summed exactly on both databases.
    Amount,
    /// A price, rate or quantity with any number of decimals up to 28 digits.
    Decimal,
    /// A calendar day without a zone.
    Date,
    /// An instant in UTC, kept to the microsecond.
    Timestamp,
}

/// One value of a row.
///
/// ```
/// use sentia_core::Value;
///
/// let price = "19.95".parse().expect("a decimal");
/// assert_eq!(Value::amount(price), Ok(Value::Amount(price)));
/// assert!(Value::amount("0.00001".parse().expect("a decimal")).is_err(), "five decimals are no amount");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// See [`ColumnKind::Text`].
    Text(Text),
    /// See [`ColumnKind::Integer`].
    Integer(i64),
    /// See [`ColumnKind::Boolean`].
    Boolean(bool),
    /// See [`ColumnKind::Amount`].
    Amount(Decimal),
    /// See [`ColumnKind::Decimal`].
    Decimal(Decimal),
    /// See [`ColumnKind::Date`].
    Date(NaiveDate),
    /// See [`ColumnKind::Timestamp`].
    Timestamp(DateTime<Utc>),
}

/// Amounts are stored as integers in ten-thousandths on SQLite, which bounds both databases alike.
pub const AMOUNT_SCALE: u32 = 4;

impl Value {
    /// An amount, if it has at most four decimals and fits 64 bits in ten-thousandths.
    ///
    /// That is up to 922 trillion either way. Trailing zeros beyond the fourth decimal do not count.
    ///
    /// # Errors
    /// The reason in words, which becomes the reason in quarantine: an amount is never rounded.
    pub fn amount(amount: Decimal) -> Result<Value, String> {
        match ten_thousandths(amount) {
            Some(_) => Ok(Value::Amount(amount)),
            None => Err(format!("amount {amount} has more than four decimals or does not fit")),
        }
    }

    /// A text, if every database can hold it.
    ///
    /// # Errors
    /// The reason: PostgreSQL has no text with the character U+0000.
    pub fn text(text: Text) -> Result<Value, String> {
        storable(&text)?;
        Ok(Value::Text(text))
    }

    /// A day, if every database can hold it.
    ///
    /// # Errors
    /// The reason: the year is not within 1 to 9999, as with the zero dates of some vendors.
    pub fn date(date: NaiveDate) -> Result<Value, String> {
        year_fits(date.year())?;
        Ok(Value::Date(date))
    }

    /// An instant, if every database can hold it.
    ///
    /// # Errors
    /// As [`date`](Self::date).
    pub fn timestamp(instant: DateTime<Utc>) -> Result<Value, String> {
        year_fits(instant.year())?;
        Ok(Value::Timestamp(instant))
    }

    fn encode(&self, into: &mut Xxh64) {
        match self {
            Value::Null => into.add(&[0]),
            Value::Text(text) => {
                tagged(into, 1, (text.len() as u64).to_le_bytes());
                into.add(text.as_bytes());
            }
            Value::Integer(number) => tagged(into, 2, number.to_le_bytes()),
            Value::Boolean(truth) => tagged(into, 3, [u8::from(*truth)]),
            // Trailing zeros differ between databases, so the check is over the number, not its spelling.
            Value::Amount(number) | Value::Decimal(number) => {
                let (mantissa, scale) = shortest(*number);
                let mut cell = [0; 17];
                cell[..16].copy_from_slice(&mantissa.to_le_bytes());
                cell[16] = scale as u8;
                tagged(into, 4, cell);
            }
            Value::Date(date) => tagged(into, 5, date.num_days_from_ce().to_le_bytes()),
            Value::Timestamp(instant) => {
                tagged(into, 6, instant.timestamp_micros().to_le_bytes());
            }
        }
    }
}

fn year_fits(year: i32) -> Result<(), String> {
    if (1..=9999).contains(&year) { Ok(()) } else { Err(format!("the year {year} cannot be stored")) }
}

/// Refuses the one character that PostgreSQL's text cannot hold, on both databases alike.
pub(crate) fn storable(text: &str) -> Result<(), String> {
    if text.as_bytes().contains(&0) {
        Err("the character U+0000 cannot be stored".to_owned())
    } else {
        Ok(())
    }
}

/// Mantissa and scale without trailing zeros.
fn shortest(number: Decimal) -> (i128, u32) {
    let (mantissa, mut scale) = (number.mantissa(), number.scale());
    let Ok(mut short) = i64::try_from(mantissa) else {
        let number = number.normalize();
        return (number.mantissa(), number.scale());
    };
    // Of zero every digit is a trailing one.
    while scale > 0 && short % 10 == 0 {
        (short, scale) = (short / 10, scale - 1);
    }
    (short.into(), scale)
}

fn tagged<const N: usize>(into: &mut Xxh64, tag: u8, bytes: [u8; N]) {
    into.add(&[tag]);
    into.add(&bytes);
}

/// The amount in ten-thousandths, if that is exact and fits.
///
/// ```
/// use sentia_core::value::ten_thousandths;
///
/// assert_eq!(ten_thousandths("19.99".parse().expect("a decimal")), Some(199_900));
/// assert_eq!(ten_thousandths("0.00005".parse().expect("a decimal")), None);
/// ```
pub fn ten_thousandths(amount: Decimal) -> Option<i64> {
    let amount = if amount.scale() > AMOUNT_SCALE { amount.normalize() } else { amount };
    let zeros = AMOUNT_SCALE.checked_sub(amount.scale())?;
    i64::try_from(amount.mantissa()).ok()?.checked_mul(10i64.pow(zeros))
}

/// The rows of one child table that belong to one record, in order.
pub type ChildRows = Vec<Vec<Value>>;

/// A 64-bit check over every typed column and child row of a record, the same on every database.
///
/// It is XXH64 over an encoding of the values: kind and length stand before each, rows and tables are kept apart,
/// decimals are normalized and instants cut to microseconds, which is what both databases give back.
///
/// It lets `verify` name a row whose columns were altered by hand although its document was not.
pub fn row_check(values: &[Value], children: &[ChildRows]) -> i64 {
    let mut sum = Xxh64::new();
    values.iter().for_each(|value| value.encode(&mut sum));
    for rows in children {
        sum.add(&[0xFE]);
        for row in rows {
            sum.add(&[0xFD]);
            row.iter().for_each(|value| value.encode(&mut sum));
        }
    }
    sum.finish().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_beyond_ten_thousandths_are_refused() {
        assert_eq!(ten_thousandths(Decimal::new(1999, 2)), Some(199_900));
        assert_eq!(ten_thousandths(Decimal::new(1_234_500, 5)), Some(123_450));
        assert_eq!(ten_thousandths(Decimal::new(123_451, 5)), None);
        assert_eq!(ten_thousandths(Decimal::MAX), None);
    }

    #[test]
    fn the_check_sees_every_cell_and_its_place() {
        let row = |a: &str, b: &str| vec![Value::Text(a.into()), Value::Text(b.into())];
        let base = row_check(&row("ab", "c"), &[]);
        assert_ne!(base, row_check(&row("a", "bc"), &[]));
        assert_ne!(base, row_check(&row("ab", "c"), &[vec![row("x", "y")]]));
        let spelled = |scale| row_check(&[Value::Decimal(Decimal::new(10i64.pow(scale), scale))], &[]);
        assert_eq!(spelled(1), spelled(3), "1.0 and 1.000 are one number");
    }
}
