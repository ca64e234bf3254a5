//! Numbers that stay exact from the JSON token to the column.
//!
//! serde_json reads a number that is not an integer as `f64`, which keeps 15 to 17 digits. The token's own text is kept
//! by `RawValue`, and a decimal is read from that.

use std::{ops::Deref, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A decimal read from the JSON token itself, quoted or not; never through a binary float.
///
/// A token with more digits than a [`Decimal`] holds is an error, which sends its record to quarantine; it is
/// never rounded. Use it as a plain field (`Option<Exact>`), never under `flatten`, `untagged` or `tag`: serde
/// buffers those through floats.
///
/// ```
/// use sentia_core::Exact;
///
/// let read = |json: &str| serde_json::from_str::<Exact>(json).map(|number| number.to_string()).ok();
/// assert_eq!(read("9007199254740993.01").as_deref(), Some("9007199254740993.01"), "not a neighbor of it");
/// assert_eq!(read("\"404.950\"").as_deref(), Some("404.950"), "quoted, with its zeros");
/// assert_eq!(read("1.5e3").as_deref(), Some("1500"));
/// assert_eq!(read("0.12345678901234567890123456789"), None, "29 digits do not fit");
/// assert_eq!(read("null"), None, "an absent number is an Option");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(transparent)]
pub struct Exact(pub Decimal);

impl Deref for Exact {
    type Target = Decimal;

    fn deref(&self) -> &Decimal {
        &self.0
    }
}

impl FromStr for Exact {
    type Err = String;

    fn from_str(token: &str) -> Result<Self, Self::Err> {
        parse(token).map(Exact)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let token = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        parse(token).map(Exact).map_err(serde::de::Error::custom)
    }
}

fn parse(token: &str) -> Result<Decimal, String> {
    match plain(token.as_bytes()) {
        Some(number) => Ok(number),
        None => parse_any(token),
    }
}

/// Reads the tokens that nearly all are: digits with at most one point among them, as many as 64 bits hold.
///
/// It is here for speed alone; what it leaves out [`parse_any`] reads.
fn plain(token: &[u8]) -> Option<Decimal> {
    const MOST_DIGITS: usize = 18;
    let (sign, token) = match token {
        [b'-', token @ ..] => (-1, token),
        token => (1, token),
    };
    let (mut number, mut digits, mut whole) = (0i64, 0usize, None);
    for byte in token {
        match byte {
            b'0'..=b'9' if digits < MOST_DIGITS => {
                number = number * 10 + i64::from(byte - b'0');
                digits += 1;
            }
            b'.' if whole.is_none() => whole = Some(digits),
            _ => return None,
        }
    }
    let whole_digits = whole.unwrap_or(digits);
    // Zero may bear a sign, and a point needs digits on both sides.
    if number == 0 && sign < 0 || whole_digits == 0 || whole == Some(digits) {
        return None;
    }
    Some(Decimal::new(sign * number, u32::try_from(digits - whole_digits).ok()?))
}

fn parse_any(token: &str) -> Result<Decimal, String> {
    let token = token.trim();
    let refused =
        || format!("{:?} is not a decimal that fits exactly", token.chars().take(64).collect::<String>());
    let (mantissa, exponent) = match token.find(['e', 'E']) {
        Some(at) => (&token[..at], token[at + 1..].parse::<i32>().map_err(|_| refused())?),
        None => (token, 0),
    };
    let mantissa = mantissa.strip_prefix('+').unwrap_or(mantissa);
    let mut number = Decimal::from_str_exact(mantissa).map_err(|_| refused())?;
    if exponent != 0 && !number.is_zero() {
        let scale = i64::from(number.scale()) - i64::from(exponent);
        if scale > 28 {
            return Err(refused());
        }
        if scale >= 0 {
            number.set_scale(u32::try_from(scale).map_err(|_| refused())?).map_err(|_| refused())?;
        } else {
            let power = u32::try_from(-scale).ok().and_then(|zeros| 10i128.checked_pow(zeros));
            number.set_scale(0).map_err(|_| refused())?;
            number = power
                .and_then(|power| number.mantissa().checked_mul(power))
                .and_then(|product| Decimal::try_from_i128_with_scale(product, 0).ok())
                .ok_or_else(refused)?;
        }
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(json: &str) -> Result<String, String> {
        serde_json::from_str::<Exact>(json).map(|n| n.0.to_string()).map_err(|e| e.to_string())
    }

    #[test]
    fn tokens_decode_exactly() {
        assert_eq!(exact("9007199254740993.01").as_deref(), Ok("9007199254740993.01"));
        assert_eq!(exact("\"404.950\"").as_deref(), Ok("404.950"));
        assert_eq!(exact("-0.10").as_deref(), Ok("-0.10"));
        assert_eq!(exact("1.5e3").as_deref(), Ok("1500"));
        assert_eq!(exact("12E-4").as_deref(), Ok("0.0012"));
    }

    #[test]
    fn what_does_not_fit_is_refused_not_rounded() {
        assert!(exact("0.12345678901234567890123456789").is_err());
        assert!(exact("123456789012345678901234567890").is_err());
        assert!(exact("1e30").is_err());
        assert!(exact("\"abc\"").is_err());
        assert!(exact("true").is_err());
        assert!(exact("\"\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn every_decimal_survives_the_round_trip(mantissa in -(1i64 << 60)..(1i64 << 60), scale in 0u32..15) {
            let number = Decimal::new(mantissa, scale);
            proptest::prop_assert_eq!(exact(&number.to_string()), Ok(number.to_string()));
        }

        #[test]
        fn plain_tokens_read_as_all_do(token in "-?[0-9]{0,20}\\.?[0-9]{0,4}[ _.eE+-]{0,1}") {
            if let Some(number) = plain(token.as_bytes()) {
                let any = parse_any(&token);
                proptest::prop_assert_eq!(any.as_ref().map(Decimal::serialize), Ok(number.serialize()), "to the scale");
            }
        }

        #[test]
        fn no_token_panics(token in "\\PC{0,40}") {
            let _ = parse(&token);
        }
    }
}
