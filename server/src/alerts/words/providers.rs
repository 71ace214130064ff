//! Providers and deployments.

use chrono_tz::Tz;

use super::{counted, day, encoded, gateway, time};
use crate::alerts::Words;
use crate::domain::alert::Happened;

pub(super) fn words(what: &Happened, name: &str, tz: Tz) -> Words {
    match what {
        Happened::ProviderDown { failures, threshold, error } => {
            let text = format!("{failures} tries failed within a minute. The last one: {error}");
            Words::new(format!("{name} fails again and again"), text)
                .fact("Failures", failures.to_string())
                .fact("Limit", format!("{threshold} a minute"))
                .link("/ui/models")
        }
        Happened::RegionDown { provider, place, failures, threshold, deployments, error } => {
            let text = format!(
                "{failures} tries of {} there failed within a minute. The last one: {error}",
                counted(*deployments, "deployment")
            );
            Words::new(format!("{provider} fails again and again in {place}"), text)
                .fact("Provider", provider.clone())
                .fact("Place", place.clone())
                .fact("Failures", failures.to_string())
                .fact("Deployments", deployments.to_string())
                .fact("Limit", format!("{threshold} a minute"))
                .link("/ui/models")
        }
        Happened::Recovered { since, .. } => {
            Words::new(format!("{name} answers again"), format!("It failed since {}.", time(*since, tz)))
                .fact("Since", time(*since, tz))
                .link("/ui/models")
        }
        Happened::CooledDown { model, provider, upstream_model, reason, until } => {
            let text = format!(
                "{}. Calls go to the model's other deployments until {}.",
                reason.trim_end_matches('.'),
                time(*until, tz)
            );
            Words::new(format!("A deployment of {model} rests"), text)
                .fact("Model", model.clone())
                .fact("Deployment", name.to_owned())
                .fact("Provider", provider.clone())
                .fact("Its model", upstream_model.clone())
                .fact("Until", time(*until, tz))
                .link(format!("/ui/models?deployment={}", encoded(name)))
        }
        Happened::ModelRetires { models, upstream_model, provider, day: of, days_left } => {
            let title = if *days_left > 0 {
                format!("{provider} turns {upstream_model} off on {}", day(*of))
            } else {
                format!("{provider} has announced to turn {upstream_model} off by now")
            };
            let text = format!("The day is {}. It serves {} here.", day(*of), models.join(", "));
            Words::new(title, text)
                .fact("Model", upstream_model.clone())
                .fact("Provider", provider.clone())
                .fact("Day", day(*of))
                .fact("Serves", models.join(", "))
                .link("/ui/models")
        }
        other => gateway::words(other, name, tz),
    }
}
