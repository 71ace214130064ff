//! In which part of the world a model runs, as far as providers' names of places tell.
//!
//! Sources: the lists of regions of AWS, Google Cloud and Azure. The European Union is meant as a jurisdiction: places in
//! the United Kingdom, Switzerland and Norway are not in it, whatever their names begin with.

/// A part of the world that calls may be kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// The European Union.
    Eu,
    /// The United States.
    Us,
}

/// AWS's and Google's places outside the Union whose names begin as if they were in it: London, Zürich.
const NOT_IN_THE_UNION: [&str; 4] = ["eu-west-2", "eu-central-2", "europe-west2", "europe-west6"];
/// Azure's places in the Union.
const AZURE_EU: [&str; 15] = [
    "austriaeast",
    "belgiumcentral",
    "denmarkeast",
    "finlandcentral",
    "francecentral",
    "francesouth",
    "germanynorth",
    "germanywestcentral",
    "italynorth",
    "northeurope",
    "polandcentral",
    "spaincentral",
    "swedencentral",
    "swedensouth",
    "westeurope",
];
/// Azure's places in the United States end so, with or without a number.
const AZURE_US: &str = "us";

impl Region {
    /// The region of this name: `eu` or `us`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "eu" => Some(Self::Eu),
            "us" => Some(Self::Us),
            _ => None,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "eu",
            Self::Us => "us",
        }
    }

    /// The region of a provider's place, such as `eu-west-1`, `europe-west4`, `westeurope` or `eastus2`; `None`: in
    /// neither, or nobody knows.
    #[must_use]
    pub fn of_place(place: &str) -> Option<Self> {
        let place = place.to_ascii_lowercase();
        if NOT_IN_THE_UNION.contains(&place.as_str()) {
            return None;
        }
        let begins = |name: &str| place.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        let azure = place.trim_end_matches(|digit: char| digit.is_ascii_digit());
        if begins("eu") || begins("europe") || AZURE_EU.contains(&place.as_str()) {
            Some(Self::Eu)
        } else if begins("us") || (!place.contains('-') && azure.ends_with(AZURE_US)) {
            Some(Self::Us)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_where_they_are() {
        for place in ["eu", "eu-west-1", "eu-central-1", "europe-west4", "westeurope", "swedencentral", "WestEurope"] {
            assert_eq!(Region::of_place(place), Some(Region::Eu), "{place}");
        }
        for place in ["us", "us-east-1", "us-gov-west-1", "us-central1", "eastus", "eastus2", "northcentralus"] {
            assert_eq!(Region::of_place(place), Some(Region::Us), "{place}");
        }
        for place in ["global", "eu-west-2", "europe-west6", "uksouth", "ap-south-1", "switzerlandnorth", "", "europa"]
        {
            assert_eq!(Region::of_place(place), None, "{place}");
        }
    }
}
