//! What the URL asks about. Pure.

use chrono::{Datelike, Days, NaiveDate};
use tollgate_openapi::spend::{SpendExportQuery, UsageDimension, UsageQuery};

/// Names in the URL.
pub(super) const RANGE: &str = "range";
pub(super) const FROM: &str = "from";
pub(super) const TO: &str = "to";
pub(super) const BY: &str = "by";

/// Ranges to choose from; the first is the default.
pub(super) const RANGES: &[(&str, &str)] =
    &[("", "30 days"), ("7", "7 days"), ("90", "90 days"), ("month", "This month"), ("last", "Last month")];

/// Something usage is broken down by, and narrowed to.
#[derive(Debug)]
pub(super) struct Dimension {
    /// Name in the URL.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) noun: &'static str,
    pub(super) by: UsageDimension,
}

/// In the order in which a click looks deeper.
pub(super) const DIMENSIONS: &[Dimension] = &[
    Dimension { name: "model", label: "Model", noun: "model", by: UsageDimension::Model },
    Dimension { name: "team", label: "Team", noun: "team", by: UsageDimension::Team },
    Dimension { name: "key", label: "Key", noun: "key", by: UsageDimension::Key },
    Dimension { name: "user", label: "User", noun: "user", by: UsageDimension::User },
    Dimension { name: "organization", label: "Organization", noun: "organization", by: UsageDimension::Organization },
    Dimension { name: "provider", label: "Provider", noun: "provider", by: UsageDimension::Provider },
    Dimension { name: "tag", label: "Tag", noun: "tag", by: UsageDimension::Tag },
];

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) first: Option<NaiveDate>,
    pub(super) last: Option<NaiveDate>,
    /// Index of the dimension it is broken down by.
    pub(super) by: usize,
    /// Dimensions, by their indexes, and the one value of each that is meant.
    pub(super) filters: Vec<(usize, String)>,
}

impl Question {
    /// What a URL with these values asks on this day.
    pub(super) fn of(get: impl Fn(&str) -> Option<String>, today: NaiveDate) -> Self {
        let named = DIMENSIONS.iter().enumerate();
        let filters: Vec<_> = named.filter_map(|(index, one)| Some((index, get(one.name)?))).collect();
        let is_free = |index: &usize| !filters.iter().any(|(filtered, _)| filtered == index);
        let chosen = get(BY).and_then(|by| DIMENSIONS.iter().position(|one| one.name == by)).filter(is_free);
        // A value of the same dimension has been looked into: its calls differ by another one.
        let by = chosen.or_else(|| (0..DIMENSIONS.len()).find(is_free)).unwrap_or_default();
        let day = |name: &str| get(name).and_then(|text| text.parse().ok());
        let (first, last) = range(get(RANGE).as_deref(), today);
        Self { first: day(FROM).or(first), last: day(TO).or(last), by, filters }
    }

    pub(super) fn dimension(&self) -> Option<&'static Dimension> {
        DIMENSIONS.get(self.by)
    }

    pub(super) fn to_query(&self) -> UsageQuery {
        let value = |by: UsageDimension| {
            let of = |(index, _): &&(usize, String)| DIMENSIONS.get(*index).is_some_and(|one| one.by == by);
            self.filters.iter().find(of).map(|(_, value)| value.clone())
        };
        UsageQuery {
            start_date: self.first,
            end_date: self.last,
            group_by: self.dimension().map_or_else(UsageDimension::default, |one| one.by),
            organization_id: value(UsageDimension::Organization),
            team_id: value(UsageDimension::Team),
            user_id: value(UsageDimension::User),
            api_key: value(UsageDimension::Key),
            model: value(UsageDimension::Model),
            provider: value(UsageDimension::Provider),
            tag: value(UsageDimension::Tag),
            ..UsageQuery::default()
        }
    }

    /// The same as a file.
    pub(super) fn to_export(&self) -> SpendExportQuery {
        let UsageQuery { organization_id, team_id, user_id, api_key, model, provider, tag, .. } = self.to_query();
        SpendExportQuery {
            start_date: self.first,
            end_date: self.last,
            organization_id,
            team_id,
            user_id,
            api_key,
            model,
            provider,
            tag,
            ..SpendExportQuery::default()
        }
    }
}

/// First and last day of a range by its name; where one is absent, the server's default holds.
fn range(name: Option<&str>, today: NaiveDate) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let month = today.with_day(1).unwrap_or(today);
    match name {
        Some("month") => (Some(month), Some(today)),
        Some("last") => {
            let end = month.pred_opt().unwrap_or(month);
            (end.with_day(1), Some(end))
        }
        Some(days) => {
            let before = days.parse::<u64>().ok().and_then(|days| days.checked_sub(1));
            (before.and_then(|before| today.checked_sub_days(Days::new(before))), Some(today))
        }
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(url: &[(&str, &str)]) -> Question {
        let get = |name: &str| url.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Question::of(get, "2026-11-22".parse().unwrap())
    }

    #[test]
    fn a_click_looks_into_what_was_clicked_by_something_else() {
        assert_eq!(question(&[]).to_query().group_by, UsageDimension::Model);
        let clicked = question(&[("model", "gpt-4o")]).to_query();
        assert_eq!((clicked.group_by, clicked.model.as_deref()), (UsageDimension::Team, Some("gpt-4o")));
        let chosen = question(&[("model", "gpt-4o"), ("by", "user")]).to_query();
        assert_eq!(chosen.group_by, UsageDimension::User);
        let same = question(&[("team", "t"), ("by", "team")]).to_query();
        assert_eq!((same.group_by, same.team_id.as_deref()), (UsageDimension::Model, Some("t")));
    }

    #[test]
    fn a_file_is_of_what_the_page_shows() {
        let shown = question(&[("range", "7"), ("team", "t"), ("tag", "prod"), ("by", "user")]);
        let (page, file) = (shown.to_query(), shown.to_export());
        assert_eq!((file.start_date, file.end_date), (page.start_date, page.end_date));
        assert_eq!((file.team_id.as_deref(), file.tag.as_deref(), file.model), (Some("t"), Some("prod"), None));
    }

    #[test]
    fn ranges_end_today_or_with_the_month() {
        let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
        let today = day("2026-03-15").unwrap();
        assert_eq!(range(None, today), (None, None));
        assert_eq!(range(Some("7"), today), (day("2026-03-09"), day("2026-03-15")));
        assert_eq!(range(Some("month"), today), (day("2026-03-01"), day("2026-03-15")));
        assert_eq!(range(Some("last"), today), (day("2026-02-01"), day("2026-02-28")));
        assert_eq!(range(Some("soon"), today).0, None);
    }
}
