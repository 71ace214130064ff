//! Strategies that take the first by some figure: `least-busy`, `usage-based-routing` and `cost-based-routing`.

use std::sync::Arc;

use super::Deployment;
use super::dice::Draw;
use super::table::Ready;

/// The one of `ready` with the lowest figure; of several that are alike, one at random.
pub(super) fn lowest<'a, F: PartialOrd>(
    ready: &Ready<'a>,
    mut draw: Draw,
    figure: impl Fn(&Deployment) -> F,
) -> Option<&'a Arc<Deployment>> {
    let mut found: Option<(&Arc<Deployment>, F)> = None;
    let mut alike = 0;
    for one in ready.iter() {
        let own = figure(one);
        let order = found.as_ref().map(|(_, lowest)| own.partial_cmp(lowest));
        match order {
            Some(None | Some(std::cmp::Ordering::Greater)) => {}
            Some(Some(std::cmp::Ordering::Equal)) => {
                alike += 1;
                // Each of so many that are alike is kept with the same chance.
                if draw.below(alike) == 0 {
                    found = Some((one, own));
                }
            }
            None | Some(Some(std::cmp::Ordering::Less)) => {
                found = Some((one, own));
                alike = 1;
            }
        }
    }
    found.map(|(one, _)| one)
}
