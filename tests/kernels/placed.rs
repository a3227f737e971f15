//! A series at a chosen place of a line of the cache, with something around it.

/// So many doubles are a line of the cache.
pub(crate) const LINE: usize = 8;
/// What lies around a series: nothing a kernel may write.
pub(crate) const AROUND: f64 = 0.125;

pub(crate) struct Placed {
    room: Vec<f64>,
    first: usize,
    rows: usize,
}

impl Placed {
    /// A copy of `x` that begins `place` doubles after the begin of a line.
    pub(crate) fn new(x: &[f64], place: usize) -> Self {
        let mut placed = Self::room(x.len(), place);
        placed.series().copy_from_slice(x);
        placed
    }

    /// Room for results.
    pub(crate) fn room(rows: usize, place: usize) -> Self {
        let room = vec![AROUND; rows + 3 * LINE];
        let past_line = room.as_ptr() as usize / size_of::<f64>() % LINE;
        Self { first: (LINE - past_line) % LINE + place % LINE, room, rows }
    }

    pub(crate) fn series(&mut self) -> &mut [f64] {
        &mut self.room[self.first..][..self.rows]
    }

    #[track_caller]
    pub(crate) fn assert_untouched_around(&self, what: impl Fn() -> String) {
        let (before, after) = (&self.room[..self.first], &self.room[self.first + self.rows..]);
        assert!(before.iter().chain(after).all(|v| *v == AROUND), "{}: written outside its rows", what());
    }
}
