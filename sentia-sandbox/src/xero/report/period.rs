//! Days and the columns they make.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{Call, Refusal};

/// The first day of a day's month.
pub(super) fn month_start(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The last day of a day's month.
pub(super) fn month_end(day: NaiveDate) -> NaiveDate {
    (month_start(day) + Months::new(1)) - Days::new(1)
}

/// The first day of a day's financial year, which ends on 31 March.
pub(super) fn year_start(day: NaiveDate) -> NaiveDate {
    let year = if day.month() >= 4 { day.year() } else { day.year() - 1 };
    NaiveDate::from_ymd_opt(year, 4, 1).unwrap_or(day)
}

/// So many months back; the end of a month stays one.
pub(super) fn months_back(day: NaiveDate, months: u32) -> NaiveDate {
    if day == month_end(day) {
        month_end(month_start(day) - Months::new(months))
    } else {
        day - Months::new(months)
    }
}

impl Call<'_> {
    /// How many months back each column lies, the first being none: `periods` of `timeframe` to compare with.
    pub(super) fn columns(&self, most: u32) -> Result<Vec<u32>, Refusal> {
        let months = match self.params.get("timeframe").map(String::as_str) {
            None | Some("MONTH") => 1,
            Some("QUARTER") => 3,
            Some("YEAR") => 12,
            Some(_) => return Err(Refusal::Invalid("Timeframe must be MONTH, QUARTER or YEAR".into())),
        };
        let Some(text) = self.params.get("periods") else { return Ok(vec![0]) };
        let periods = text.parse::<u32>().ok().filter(|count| (1..=most).contains(count));
        let refusal = || Refusal::Invalid(format!("Periods must be an integer between 1 and {most}"));
        Ok((0..=periods.ok_or_else(refusal)?).map(|back| back * months).collect())
    }

    /// `fromDate` and `toDate`, by default this month; at most a year apart.
    pub(super) fn span(&self) -> Result<(NaiveDate, NaiveDate), Refusal> {
        let from = self.day("fromDate")?;
        let to = self.day("toDate")?;
        let from = from.unwrap_or_else(|| month_start(to.unwrap_or(self.today)));
        let to = to.unwrap_or_else(|| month_end(from.max(self.today)));
        if to < from || (to - from).num_days() > 365 {
            return Err(Refusal::Invalid("The date range must be forward and within 365 days".into()));
        }
        Ok((from, to))
    }
}
