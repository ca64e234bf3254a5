//! The history of a seller account, played event by event.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{SellerAccount, SellerAccounts};
use crate::universe::Size;

impl SellerAccounts {
    /// Plays the history of both.
    pub(in crate::universe) fn play(&mut self, size: &Size, start: DateTime<Utc>, as_of: DateTime<Utc>) {
        for account in [&mut self.uk, &mut self.usa] {
            History { account, as_of, agenda: BTreeMap::new() }.play(size, start);
        }
    }
}

/// What happens at one moment of the history.
enum Happening {
    Order(usize, usize),
    Confirm(String),
    Ship(String, bool),
    Cancel(String),
    Refund(String),
    Replace(String),
    Fee(usize, i64),
    Release,
    Settle(usize),
}

struct History<'a> {
    account: &'a mut SellerAccount,
    as_of: DateTime<Utc>,
    agenda: BTreeMap<(DateTime<Utc>, usize), Happening>,
}

impl History<'_> {
    fn play(mut self, size: &Size, start: DateTime<Utc>) {
        let length = (self.as_of - start).num_seconds().max(2) - 1;
        let markets = self.account.markets.len();
        for ordinal in 0..size.orders_per_shop {
            let at = start + TimeDelta::seconds(self.account.rng.between(0, length));
            let market = if markets > 1 && ordinal % 4 == 3 { 1 } else { 0 };
            self.plan(at, Happening::Order(market, ordinal));
        }
        if size.orders_per_shop > 0 {
            for day in 1..=size.history_days {
                self.plan(start + TimeDelta::days(day), Happening::Release);
            }
            for market in 0..markets {
                for fortnight in 1..=size.history_days / 14 {
                    // A second late, so that what was released at midnight is paid out.
                    let at = start + TimeDelta::days(fortnight * 14) + TimeDelta::seconds(1);
                    self.plan(at, Happening::Settle(market));
                }
                for month in 0..=size.history_days / 30 {
                    let at = start + TimeDelta::days(month * 30) + TimeDelta::hours(5);
                    self.plan(at, Happening::Fee(market, month));
                }
            }
        }
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.happen(at, happening);
        }
    }

    fn plan(&mut self, at: DateTime<Utc>, happening: Happening) {
        if at < self.as_of {
            let mut ordinal = self.agenda.len();
            while self.agenda.contains_key(&(at, ordinal)) {
                ordinal += 1;
            }
            self.agenda.insert((at, ordinal), happening);
        }
    }

    fn later(&mut self, at: DateTime<Utc>, hours: (i64, i64), happening: Happening) {
        let delay = self.account.rng.between(hours.0 * 3_600, hours.1 * 3_600);
        self.plan(at + TimeDelta::seconds(delay), happening);
    }

    fn happen(&mut self, at: DateTime<Utc>, happening: Happening) {
        match happening {
            Happening::Order(market, ordinal) => {
                let Some(id) = self.account.place(market, at) else { return };
                if ordinal % 19 == 7 {
                    self.later(at, (1, 30), Happening::Cancel(id.clone()));
                }
                self.later(at, (0, 2), Happening::Confirm(id));
            }
            Happening::Confirm(id) => {
                self.account.confirm(&id, at);
                let part = self.account.rng.percent(40);
                self.later(at, (4, 60), Happening::Ship(id, part));
            }
            Happening::Ship(id, part) => {
                if !self.account.ship(&id, part, at) {
                    return;
                }
                if part {
                    self.later(at, (4, 60), Happening::Ship(id, false));
                } else if self.account.rng.percent(14) {
                    self.later(at, (120, 500), Happening::Refund(id));
                }
            }
            Happening::Cancel(id) => self.account.cancel(&id, at),
            Happening::Refund(id) => {
                self.account.refund(&id, at);
                if self.account.rng.percent(25) {
                    self.later(at, (1, 20), Happening::Replace(id));
                }
            }
            Happening::Replace(id) => {
                if let Some(id) = self.account.replace(&id, at) {
                    self.later(at, (1, 2), Happening::Ship(id, false));
                }
            }
            Happening::Fee(market, month) => self.account.charge_fee(market, month % 2 == 1, at),
            Happening::Release => drop(self.account.release(at)),
            Happening::Settle(market) => drop(self.account.settle(market, at)),
        }
    }
}
