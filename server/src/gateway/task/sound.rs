//! How long a sound is: what transcription is paid by, where a provider does not tell.

use std::io::Cursor;

use bytes::Bytes;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

/// Milliseconds of the longest track of sound, counted piece by piece: what a file says of itself need not be true.
/// `None` where its format is not known.
pub(super) fn milliseconds(file: Bytes) -> Option<u64> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(file)), MediaSourceStreamOptions::default());
    let probe = symphonia::default::get_probe();
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut reader = probe.probe(&Hint::new(), source, format, metadata).ok()?;
    let mut tracks: Vec<Heard> = reader.tracks().iter().filter_map(Heard::of).collect();
    // A file that is cut off is heard up to there.
    while let Ok(Some(packet)) = reader.next_packet() {
        if let Some(track) = tracks.iter_mut().find(|track| track.id == packet.track_id) {
            track.hear(packet.pts, packet.dur);
        }
    }
    tracks.iter().map(Heard::milliseconds).max()
}

/// The longest piece of any format, in milliseconds.
const PIECE_MS: u64 = 200;

/// What was heard of one track, in its own unit of time.
struct Heard {
    id: u32,
    unit: TimeBase,
    /// What its pieces say that they are.
    sum: u64,
    /// From where the first begins to where the last ends: pieces need not say how long they are.
    span: Option<(i64, i64)>,
    /// What the file says that it is.
    claimed: u64,
}

impl Heard {
    /// Nothing so far; `None` where the track is no sound.
    fn of(track: &Track) -> Option<Self> {
        let unit = track.time_base.filter(|_| track.track_type() == Some(TrackType::Audio))?;
        let claimed = track.duration.map(Duration::get).or(track.num_frames).unwrap_or(0);
        Some(Self { id: track.id, unit, sum: 0, span: None, claimed })
    }

    fn hear(&mut self, start: Timestamp, length: Duration) {
        let (start, length) = (start.get(), length.get());
        self.sum = self.sum.saturating_add(length);
        let end = start.saturating_add_unsigned(length);
        self.span = Some(self.span.map_or((start, end), |(first, last)| (first.min(start), last.max(end))));
    }

    fn milliseconds(&self) -> u64 {
        let span = self.span.map_or(0, |(first, last)| last.abs_diff(first));
        let (heard, claimed) = (self.in_ms(self.sum.max(span)), self.in_ms(self.claimed));
        // Of the last piece only a part may be there, which the file knows best.
        let is_near = (heard.saturating_sub(PIECE_MS)..=heard).contains(&claimed);
        if is_near { claimed } else { heard }
    }

    fn in_ms(&self, ticks: u64) -> u64 {
        let (times, by) = (u128::from(self.unit.numer.get()), u128::from(self.unit.denom.get()));
        u64::try_from(u128::from(ticks).saturating_mul(1_000).saturating_mul(times).div_ceil(by)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second and a half of silence: 16 bits at 16 kHz, with a header that claims `claimed` bytes.
    fn wav(claimed: u32) -> Bytes {
        let mut file = b"RIFF".to_vec();
        file.extend_from_slice(&claimed.saturating_add(36).to_le_bytes());
        file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
        file.extend_from_slice(&claimed.to_le_bytes());
        file.resize(file.len() + 48_000, 0);
        Bytes::from(file)
    }

    #[test]
    fn sound_is_as_long_as_it_can_be_heard() {
        assert_eq!(milliseconds(wav(48_000)), Some(1_500));
        let heard = milliseconds(wav(4_800_000)).unwrap();
        assert!((1_500..1_600).contains(&heard), "{heard}, whatever it claims");
        assert_eq!(milliseconds(Bytes::from_static(b"RIFF and nothing else")), None);
        assert_eq!(milliseconds(Bytes::new()), None);
    }

    #[test]
    fn mp3_is_counted_frame_by_frame() {
        // MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes a frame, of 1152 samples.
        let mut frame = b"\xff\xfb\x90\xc4".to_vec();
        frame.resize(417, 0);
        let heard = milliseconds(Bytes::from(frame.repeat(100))).unwrap();
        assert!((2_580..=2_640).contains(&heard), "{heard}");
    }
}
