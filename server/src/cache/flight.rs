//! Calls on their way: whoever makes the same call meanwhile waits for their answer instead of buying another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Entry, Key};

/// Leaders that may fail one after the other before those who wait ask for themselves, all at once: what failed twice
/// will not be better for being done one by one.
const FAILURES_MAX: usize = 2;

/// How a flight stands.
#[derive(Clone, Debug)]
enum Flight {
    /// On its way.
    Flying,
    /// The answer came and may be given to all.
    Landed(Arc<Entry>),
    /// It came and is not for others as it is: they look in the cache, or ask for themselves.
    Over,
    /// It failed, or its client left.
    Failed,
}

/// What is on its way, by its key.
#[derive(Clone, Debug, Default)]
pub struct Flights(Arc<Mutex<HashMap<Key, watch::Receiver<Flight>>>>);

/// What becomes of a call.
#[derive(Debug)]
pub enum Boarding {
    /// It is the first: it makes the call and lands it for the others.
    Lead(Lead),
    /// Another has brought the answer.
    Landed(Arc<Entry>),
    /// It makes the call for itself: it has waited long enough, or the answer of the first is not for others.
    Alone,
}

/// The one that makes the call. Dropped without an answer, it has failed, and another takes over.
#[derive(Debug)]
pub struct Lead {
    flights: Flights,
    key: Key,
    sender: watch::Sender<Flight>,
}

impl Flights {
    /// Makes the call, or waits for whoever makes it, but not longer than `patience`.
    pub async fn board(&self, key: &Key, patience: Duration) -> Boarding {
        let boarding = tokio::time::timeout(patience, async {
            for _ in 0..FAILURES_MAX {
                let mut flight = match self.join(key) {
                    Ok(flight) => flight,
                    Err(lead) => return Boarding::Lead(lead),
                };
                let end = flight.wait_for(|flight| !matches!(flight, Flight::Flying)).await;
                match end.as_deref() {
                    Ok(Flight::Landed(entry)) => return Boarding::Landed(Arc::clone(entry)),
                    Ok(Flight::Over) => return Boarding::Alone,
                    Ok(Flight::Flying | Flight::Failed) | Err(_) => {}
                }
            }
            Boarding::Alone
        });
        boarding.await.unwrap_or(Boarding::Alone)
    }

    /// The flight under `key`; a new one where there is none.
    fn join(&self, key: &Key) -> Result<watch::Receiver<Flight>, Lead> {
        let mut flights = self.0.lock();
        if let Some(flight) = flights.get(key) {
            return Ok(flight.clone());
        }
        let (sender, receiver) = watch::channel(Flight::Flying);
        flights.insert(key.clone(), receiver);
        drop(flights);
        Err(Lead { flights: self.clone(), key: key.clone(), sender })
    }

    /// Calls on their way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().len()
    }
}

impl Lead {
    /// Gives the answer to all who wait, and to whoever comes before this is dropped: until then it may not be in the
    /// cache yet.
    pub fn land(&self, entry: Arc<Entry>) {
        self.sender.send_replace(Flight::Landed(entry));
    }

    /// The call has its answer, but those who wait have to look for theirs.
    pub fn pass(&self) {
        self.sender.send_replace(Flight::Over);
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // Whoever comes from now on begins anew.
        self.flights.0.lock().remove(&self.key);
        self.sender.send_if_modified(|flight| {
            let has_failed = matches!(flight, Flight::Flying);
            if has_failed {
                *flight = Flight::Failed;
            }
            has_failed
        });
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::cache::EntryHead;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn entry(text: &'static str) -> Arc<Entry> {
        Arc::new(Entry::new(EntryHead::default(), Bytes::from_static(text.as_bytes())))
    }

    async fn lead(flights: &Flights, key: &Key) -> Lead {
        match flights.board(key, PATIENCE).await {
            Boarding::Lead(lead) => lead,
            other => panic!("{other:?}"),
        }
    }

    fn waiter(flights: &Flights, key: &Key) -> tokio::task::JoinHandle<Boarding> {
        let (flights, key) = (flights.clone(), key.clone());
        tokio::spawn(async move { flights.board(&key, PATIENCE).await })
    }

    #[tokio::test]
    async fn one_flies_and_all_land() {
        let (flights, key) = (Flights::default(), Key::named("k"));
        let first = lead(&flights, &key).await;
        let waiting: Vec<_> = (0..10).map(|_| waiter(&flights, &key)).collect();
        let _other = lead(&flights, &Key::named("other")).await;
        tokio::task::yield_now().await;
        first.land(entry("answer"));
        for waiter in waiting {
            assert!(matches!(waiter.await.unwrap(), Boarding::Landed(entry) if entry.bytes() == "answer"));
        }
        assert!(matches!(flights.board(&key, PATIENCE).await, Boarding::Landed(_)), "it is not in the cache yet");
        drop(first);
        assert_eq!(flights.count(), 1, "only the other is on its way");
        drop(lead(&flights, &key).await);
    }

    #[tokio::test]
    async fn where_the_first_fails_another_takes_over() {
        let (flights, key) = (Flights::default(), Key::named("k"));
        let first = lead(&flights, &key).await;
        let second = waiter(&flights, &key);
        tokio::task::yield_now().await;
        drop(first);
        let Boarding::Lead(second) = second.await.unwrap() else { panic!("nobody took over") };
        let third = waiter(&flights, &key);
        tokio::task::yield_now().await;
        second.land(entry("answer"));
        assert!(matches!(third.await.unwrap(), Boarding::Landed(_)));
    }

    #[tokio::test]
    async fn what_fails_twice_is_asked_by_all() {
        let (flights, key) = (Flights::default(), Key::named("k"));
        let first = lead(&flights, &key).await;
        let patient = waiter(&flights, &key);
        tokio::task::yield_now().await;
        drop(first);
        // Another is faster than the patient one, twice.
        let second = flights.join(&key).unwrap_err();
        tokio::task::yield_now().await;
        drop(second);
        let _third = flights.join(&key).unwrap_err();
        assert!(matches!(patient.await.unwrap(), Boarding::Alone));
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let (flights, key) = (Flights::default(), Key::named("k"));
        let _stuck = lead(&flights, &key).await;
        assert!(matches!(flights.board(&key, Duration::from_millis(20)).await, Boarding::Alone));
    }

    #[tokio::test]
    async fn what_is_not_for_others_keeps_nobody() {
        let (flights, key) = (Flights::default(), Key::named("k"));
        let first = lead(&flights, &key).await;
        let second = waiter(&flights, &key);
        tokio::task::yield_now().await;
        first.pass();
        assert!(matches!(second.await.unwrap(), Boarding::Alone));
        drop(first);
        assert_eq!(flights.count(), 0);
    }
}
