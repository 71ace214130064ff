use chrono::DateTime;
use tollgate_openapi::spend::CallStatus;

use super::*;
use crate::domain::usage::Usage;
use crate::ledger::Saved;

fn event(id: &str) -> SpendEvent {
    SpendEvent {
        request_id: Arc::from(id),
        call_type: "acompletion".into(),
        api_key: Arc::from("token"),
        key_alias: None,
        user_id: None,
        team_id: None,
        organization_id: None,
        end_user: None,
        spend_nano: 7,
        saved: Saved::default(),
        usage: Usage { input: 1, output: 2, images: 3, ..Usage::default() },
        start_time: DateTime::UNIX_EPOCH,
        end_time: DateTime::UNIX_EPOCH,
        completion_start_time: None,
        overhead_us: 0,
        model_group: Arc::from("m"),
        model: Arc::from("m"),
        model_id: None,
        provider: None,
        api_base: None,
        requester_ip_address: None,
        stream: false,
        status: CallStatus::Success,
        status_code: 200,
        cache_hit: false,
        response_id: None,
        provider_usage: None,
        metadata: serde_json::Map::new(),
        tags: Vec::new(),
        charges: Vec::new(),
    }
}

fn begin(id: &str) -> BeginRecord<'static> {
    BeginRecord { event: std::borrow::Cow::Owned(event(id)), reserved_nano: 42 }
}

fn open(dir: &Path) -> Arc<Spool> {
    Spool::open(dir, Clock::manual(DateTime::UNIX_EPOCH)).unwrap()
}

fn ids(events: &[SpendEvent]) -> Vec<String> {
    events.iter().map(|event| event.request_id.to_string()).collect()
}

fn read_all(spool: &Spool) -> (Vec<SpendEvent>, Cursor) {
    let (mut all, mut cursor) = (Vec::new(), Cursor::default());
    loop {
        let (events, next) = spool.read(cursor).unwrap();
        if events.is_empty() && next == cursor {
            return (all, cursor);
        }
        all.extend(events);
        cursor = next;
    }
}

#[test]
fn events_come_back_in_order_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    for id in ["a", "b", "c"] {
        spool.begin(&begin(id)).unwrap();
        spool.end(&event(id)).unwrap();
    }
    let (events, _) = read_all(&spool);
    assert_eq!(events, [event("a"), event("b"), event("c")]);
    assert_eq!(spool.health().pending, 3);
}

#[test]
fn what_a_dead_process_left_is_read_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    spool.begin(&begin("done")).unwrap();
    spool.end(&event("done")).unwrap();
    spool.begin(&begin("cut off")).unwrap();
    drop(spool);

    let spool = open(dir.path());
    let (events, _) = read_all(&spool);
    assert_eq!(ids(&events), ["done", "cut off"]);
    assert_eq!(events[1].status, CallStatus::Interrupted);
    assert_eq!(events[1].spend_nano, 0);
    assert_eq!(events[1].metadata["reserved_nano_usd"], 42);
    drop(spool);
    assert_eq!(ids(&read_all(&open(dir.path())).0), ["done", "cut off"], "interrupted once, not at every start");
}

#[test]
fn a_torn_record_costs_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    spool.end(&event("whole")).unwrap();
    spool.end(&event("torn")).unwrap();
    drop(spool);
    let bytes = std::fs::read(segment::path(dir.path(), 1)).unwrap();
    for cut in bytes.len() / 2 + 1..bytes.len() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(segment::path(dir.path(), 1), &bytes[..cut]).unwrap();
        assert_eq!(ids(&read_all(&open(dir.path())).0), ["whole"], "cut at {cut}");
    }
}

#[test]
fn segments_go_once_the_database_has_them_and_calls_in_flight_move_on() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    spool.begin(&begin("long call")).unwrap();
    let mut large = event("large");
    large.metadata.insert("padding".to_owned(), "x".repeat(2 * 1024 * 1024).into());
    spool.end(&large).unwrap();
    let (events, cursor) = read_all(&spool);
    assert_eq!(ids(&events), ["large"]);
    spool.trim(&cursor, 1).unwrap();
    assert_eq!(segment::list(dir.path()).unwrap(), [2]);
    assert_eq!(spool.health().pending, 0);
    drop(spool);
    assert_eq!(ids(&read_all(&open(dir.path())).0), ["long call"], "its begin was carried into the new segment");
}

#[test]
fn a_full_disk_keeps_events_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    spool.end(&event("before")).unwrap();
    let good =
        spool.state.lock().segment.replace_file(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    spool.end(&event("during")).unwrap();
    assert!(!spool.is_accepting());
    assert!(spool.health().failure.is_some());
    spool.state.lock().segment.replace_file(good);
    spool.sync();
    assert!(spool.is_accepting());
    assert_eq!(spool.health().failure, None);
    assert_eq!(ids(&read_all(&spool).0), ["before", "during"]);
}

#[test]
fn a_folder_belongs_to_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let _first = open(dir.path());
    let error = Spool::open(dir.path(), Clock::system()).unwrap_err();
    assert!(matches!(error, SpoolError::InUse(_)), "{error}");
}

#[test]
fn an_event_that_cannot_be_read_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    spool.end(&event("one")).unwrap();
    let strange = segment::encode(b'E', &serde_json::json!({"of": "another version"})).unwrap();
    spool.append(&mut spool.state.lock(), &strange);
    spool.end(&event("two")).unwrap();
    assert_eq!(ids(&read_all(&spool).0), ["one", "two"]);
    assert_eq!(set_aside(dir.path()).unwrap().0, 1);
    drop(spool);
    assert_eq!(open(dir.path()).health().pending, 2);
}

#[test]
fn above_its_size_it_takes_no_new_calls_until_the_database_has_caught_up() {
    let dir = tempfile::tempdir().unwrap();
    let limits = SpoolLimits { disk_bytes_max: 2 * MIB, memory_bytes_max: MIB };
    let open = || Spool::open_from(dir.path(), Clock::manual(DateTime::UNIX_EPOCH), Cursor::default(), limits).unwrap();
    let spool = open();
    let mut large = event("large");
    large.metadata.insert("padding".to_owned(), "x".repeat(1_500_000).into());
    spool.end(&large).unwrap();
    assert!(spool.is_accepting());
    spool.end(&large).unwrap();
    assert!(!spool.is_accepting());
    drop(spool);
    let spool = open();
    assert!(!spool.is_accepting(), "what a former process left counts");
    // Calls in flight are still written.
    spool.end(&event("in flight")).unwrap();
    let health = spool.health();
    assert!(health.is_full && health.failure.is_none() && health.disk_bytes > 3_000_000, "{health:?}");
    let (events, cursor) = read_all(&spool);
    assert_eq!(events.len(), 3);
    spool.trim(&cursor, 3).unwrap();
    assert!(spool.is_accepting());
    assert!(spool.health().disk_bytes < 10_000);
}

#[test]
fn what_the_database_has_is_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let spool = open(dir.path());
    spool.begin(&begin("one")).unwrap();
    spool.end(&event("one")).unwrap();
    let (_, written) = read_all(&spool);
    spool.end(&event("two")).unwrap();
    let id = spool.id().to_owned();
    drop(spool);
    let from = |written| Spool::open_from(dir.path(), Clock::system(), written, SpoolLimits::default()).unwrap();
    let spool = from(written);
    assert_eq!((spool.id(), spool.health().pending), (id.as_str(), 1));
    assert_eq!(ids(&spool.read(spool.written()).unwrap().0), ["two"]);
    drop(spool);
    // An emptied folder begins anew, whatever the database says.
    for number in segment::list(dir.path()).unwrap() {
        std::fs::remove_file(segment::path(dir.path(), number)).unwrap();
    }
    assert_eq!(from(Cursor { segment: 9, offset: 9 }).written(), Cursor::default());
}
