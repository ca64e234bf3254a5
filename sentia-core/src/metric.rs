//! Counters and levels under stable names, and the text that Prometheus and OpenTelemetry collectors read.
//!
//! Nothing is registered and nothing is global: a host asks a [`Reader`](crate::engine::Reader) or a
//! [`Stack`](crate::transport::Stack) for its metrics when it is scraped, joins those of all its connections and renders
//! them once, for a name's samples must stand together. The format is the
//! [text exposition format 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/).
//!
//! ```
//! use std::sync::Arc;
//! use sentia_core::{clock::SystemClock, metric, transport::{Stack, TransportPolicy}};
//!
//! let stack = Stack::new(TransportPolicy::default(), Arc::new(SystemClock))?;
//! let metrics = stack.metrics().into_iter().map(|metric| metric.label("connection", "shop-uk"));
//! let text = metric::exposition(metrics);
//! assert!(text.contains("# TYPE sentia_retries_total counter\nsentia_retries_total{connection=\"shop-uk\"} 0\n"));
//! # Ok::<(), sentia_core::Error>(())
//! ```

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::Serialize;

/// The content type of what [`exposition`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a metric is called and what it says. Names are stable.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Family {
    /// Its name, with its unit where it has one.
    pub name: &'static str,
    /// Whether it may go down.
    pub kind: MetricKind,
    /// What it says, in one sentence.
    pub help: &'static str,
}

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// It only grows, and begins anew with the process.
    Counter,
    /// It goes up and down.
    Gauge,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
        })
    }
}

/// One sample: a value with its labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// What it is a sample of.
    #[serde(flatten)]
    pub family: &'static Family,
    /// Of what: pairs of a name and any text.
    pub labels: Vec<(&'static str, String)>,
    /// How much. Counters are whole; exact up to 2^53.
    pub value: f64,
}

impl Metric {
    /// A sample without labels.
    pub fn new(family: &'static Family, value: f64) -> Self {
        Metric { family, labels: Vec::new(), value }
    }

    /// Adds a label. Its name is of letters, digits and `_`; its value may be any text.
    #[must_use]
    pub fn label(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((name, value.into()));
        self
    }
}

/// Metrics as text: families by name, each with its help and type once, and all samples below it in their order.
///
/// A host's own metrics may stand among them:
///
/// ```
/// use sentia_core::metric::{Family, Metric, MetricKind, exposition};
///
/// static OPEN: Family = Family { name: "shop_orders_open", kind: MetricKind::Gauge, help: "Orders to pack." };
/// let text = exposition([Metric::new(&OPEN, 7.0).label("warehouse", "north")]);
/// assert_eq!(
///     text,
///     "# HELP shop_orders_open Orders to pack.\n# TYPE shop_orders_open gauge\n\
///      shop_orders_open{warehouse=\"north\"} 7\n"
/// );
/// ```
pub fn exposition(metrics: impl IntoIterator<Item = Metric>) -> String {
    let mut families: BTreeMap<&str, Vec<Metric>> = BTreeMap::new();
    for metric in metrics {
        families.entry(metric.family.name).or_default().push(metric);
    }
    let mut text = String::new();
    for (name, samples) in families {
        let family = samples[0].family;
        text += &format!("# HELP {name} {}\n# TYPE {name} {}\n", escaped_help(family.help), family.kind);
        for sample in &samples {
            text += &format!("{name}{} {}\n", labels(&sample.labels), value(sample.value));
        }
    }
    text
}

fn labels(labels: &[(&'static str, String)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<_> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped_value(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

/// A help text ends with its line, so line feeds are escaped, and backslashes to tell them apart.
fn escaped_help(help: &str) -> Cow<'_, str> {
    match help.contains(['\\', '\n']) {
        true => help.replace('\\', r"\\").replace('\n', r"\n").into(),
        false => help.into(),
    }
}

/// A label's value ends with its quote.
fn escaped_value(value: &str) -> Cow<'_, str> {
    match value.contains(['\\', '\n', '"']) {
        true => value.replace('\\', r"\\").replace('\n', r"\n").replace('"', "\\\"").into(),
        false => value.into(),
    }
}

/// As Go writes and reads it, which the format asks for.
fn value(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line of the text, read by the format's own rules and by nothing of the above.
    pub(crate) type Sample = (String, Vec<(String, String)>, f64);

    /// What a text says: the type of each family, and its samples.
    #[derive(Debug, Default)]
    pub(crate) struct Parsed {
        pub(crate) types: BTreeMap<String, String>,
        pub(crate) samples: Vec<Sample>,
    }

    impl Parsed {
        pub(crate) fn of(text: &str) -> Result<Self, String> {
            let mut parsed = Parsed::default();
            let mut current = String::new();
            if !text.is_empty() && !text.ends_with('\n') {
                return Err("the last line does not end".into());
            }
            for line in text.lines() {
                if let Some(rest) = line.strip_prefix("# HELP ") {
                    let name = rest.split(' ').next().unwrap_or_default();
                    if parsed.types.contains_key(name) {
                        return Err(format!("{name} has two groups"));
                    }
                    current = name.to_owned();
                } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                    let (name, kind) = rest.split_once(' ').ok_or(format!("no type: {line}"))?;
                    if name != current || parsed.types.insert(name.into(), kind.into()).is_some() {
                        return Err(format!("a type out of place: {line}"));
                    }
                } else {
                    let sample = sample(line).ok_or(format!("no sample: {line}"))?;
                    if sample.0 != current || !parsed.types.contains_key(&current) {
                        return Err(format!("a sample out of its group: {line}"));
                    }
                    parsed.samples.push(sample);
                }
            }
            Ok(parsed)
        }

        /// The value of the sample with these labels.
        pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
            let has = |sample: &&Sample| {
                sample.0 == name
                    && labels.iter().all(|(name, value)| {
                        sample.1.iter().any(|label| (label.0.as_str(), label.1.as_str()) == (*name, *value))
                    })
            };
            self.samples.iter().find(has).map(|sample| sample.2)
        }
    }

    fn is_name(name: &str) -> bool {
        let mut characters = name.chars();
        characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
    }

    fn sample(line: &str) -> Option<Sample> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = Vec::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            loop {
                let (label, after) = rest.split_once("=\"")?;
                let (value, after) = quoted(after)?;
                if !is_name(label) {
                    return None;
                }
                labels.push((label.to_owned(), value));
                match after.strip_prefix(',') {
                    Some(after) => rest = after,
                    None => {
                        rest = after.strip_prefix('}')?;
                        break;
                    }
                }
            }
        }
        let value = rest.strip_prefix(' ')?;
        let value = match value {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            _ => value.parse().ok()?,
        };
        is_name(name).then(|| (name.to_owned(), labels, value))
    }

    fn quoted(text: &str) -> Option<(String, &str)> {
        let (mut value, mut characters) = (String::new(), text.char_indices());
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => return Some((value, &text[at + 1..])),
                '\\' => value.push(match characters.next()?.1 {
                    'n' => '\n',
                    escaped @ ('\\' | '"') => escaped,
                    _ => return None,
                }),
                other => value.push(other),
            }
        }
        None
    }

    static CALLS: Family =
        Family { name: "calls_total", kind: MetricKind::Counter, help: "Calls.\nAll \\ of them." };
    static LEVEL: Family = Family { name: "level", kind: MetricKind::Gauge, help: "How full." };

    #[test]
    fn families_stand_together_and_are_told_once() {
        let metrics = [
            Metric::new(&LEVEL, 0.5).label("limit", "calls per day"),
            Metric::new(&CALLS, 3.0),
            Metric::new(&LEVEL, f64::INFINITY).label("limit", "a \"b\\c\"\nd").label("connection", "x"),
        ];
        let text = exposition(metrics);
        assert_eq!(
            text,
            concat!(
                "# HELP calls_total Calls.\\nAll \\\\ of them.\n# TYPE calls_total counter\ncalls_total 3\n",
                "# HELP level How full.\n# TYPE level gauge\nlevel{limit=\"calls per day\"} 0.5\n",
                "level{limit=\"a \\\"b\\\\c\\\"\\nd\",connection=\"x\"} +Inf\n",
            )
        );
    }

    proptest! {
        /// Whatever a label or a value says, it is read back as it was.
        #[test]
        fn what_is_written_reads_back(values in proptest::collection::vec((".*|[\"\\\\\n,}{ ]*", any::<f64>()), 0..8)) {
            let metrics = values.iter().map(|(label, value)| Metric::new(&LEVEL, *value).label("limit", label));
            let parsed = Parsed::of(&exposition(metrics)).map_err(TestCaseError::fail)?;
            prop_assert_eq!(parsed.samples.len(), values.len());
            for ((_, labels, read), (label, value)) in parsed.samples.iter().zip(&values) {
                prop_assert_eq!(&labels[0].1, label);
                prop_assert!(read == value || (read.is_nan() && value.is_nan()), "{} {}", read, value);
            }
        }
    }
}
