//! Rolling minimum and maximum a vector of rows at a time, the same work for any window. First, in each lane, the
//! extremes of every `N`th row of a window; then those of `N` neighbouring lanes; then of the odd rows. Sets overlap and
//! are compared in any order, so which of two equal values wins, here meaning which zero, is left to the caller.

use super::simd::{Lanes, Work};

/// Extremes of the windows of the rows from `start` on, one for each of `out`. Rows before row 0 count as nothing.
/// With `SKIP` NaNs do, too; without it a result whose window holds one means nothing.
pub(super) struct Extremes<'a, const MAX: bool, const SKIP: bool> {
    pub(super) x: &'a [f64],
    pub(super) start: usize,
    pub(super) window: usize,
    pub(super) out: &'a mut [f64],
}

/// So many vectors are worked on together, in registers.
const CHUNK: usize = 8;
/// In windows up to this long the extreme is among the oldest rows so often that to read them costs less than to ask.
const NEAR: usize = 256;
/// The widest vectors have so many lanes.
const WIDEST: usize = 8;

impl<const MAX: bool, const SKIP: bool> Work for Extremes<'_, MAX, SKIP> {
    /// False only if no row is a zero or a NaN.
    type Output = bool;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> bool {
        if self.out.is_empty() {
            return false;
        }
        match (self.window / L::N, self.window) {
            (0, 1) => self.over::<L, 1>(lanes, Few::<L, MAX, 1>::new(lanes)),
            (0, 2..4) => self.over::<L, 2>(lanes, Few::<L, MAX, 1>::new(lanes)),
            (0, _) => self.over::<L, 4>(lanes, Few::<L, MAX, 1>::new(lanes)),
            (1, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 1>::new(lanes)),
            (2, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 2>::new(lanes)),
            (3, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 3>::new(lanes)),
            (4, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 4>::new(lanes)),
            (5, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 5>::new(lanes)),
            (6, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 6>::new(lanes)),
            (7, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 7>::new(lanes)),
            (8, _) => self.over::<L, 8>(lanes, Few::<L, MAX, 8>::new(lanes)),
            (vectors, ..=NEAR) => {
                let many = Many::<L, MAX, SKIP>::new(lanes, self.x, vectors);
                self.over::<L, 8>(lanes, many)
            }
            (vectors, _) => {
                let far = Far::<L, MAX, SKIP>::new(lanes, self.x, vectors);
                self.over::<L, 8>(lanes, far)
            }
        }
    }
}

/// The more extreme of two values.
#[inline(always)]
fn beyond<L: Lanes, const MAX: bool>(lanes: L, a: L::F, b: L::F) -> L::F {
    if MAX { lanes.max(a, b) } else { lanes.min(a, b) }
}

const fn nothing<const MAX: bool>() -> f64 {
    if MAX { f64::NEG_INFINITY } else { f64::INFINITY }
}

const fn everything<const MAX: bool>() -> f64 {
    -nothing::<MAX>()
}

/// A NaN, on the left, loses against nothing.
#[inline(always)]
fn load<L: Lanes, const MAX: bool, const SKIP: bool>(lanes: L, x: &[f64], at: usize) -> L::F {
    let v = lanes.load(x, at);
    if SKIP { beyond::<L, MAX>(lanes, v, lanes.splat(nothing::<MAX>())) } else { v }
}

/// `len` rows from `first` on, which may lie before row 0 or reach past the last.
#[inline(always)]
fn rows<'a, const MAX: bool>(x: &'a [f64], first: isize, len: usize, room: &'a mut [f64]) -> &'a [f64] {
    match usize::try_from(first) {
        Ok(first) if first + len <= x.len() => &x[first..first + len],
        _ => padded::<MAX>(x, first, &mut room[..len]),
    }
}

#[cold]
fn padded<'a, const MAX: bool>(x: &[f64], first: isize, room: &'a mut [f64]) -> &'a [f64] {
    room.fill(nothing::<MAX>());
    let skipped = first.min(0).unsigned_abs();
    let rows = x.get(first.max(0).unsigned_abs()..).unwrap_or_default();
    for (room, &x) in room.iter_mut().skip(skipped).zip(rows) {
        *room = x;
    }
    room
}

/// The extremes, lane by lane, of the vectors that lie wholly in a window.
trait Vertical<L: Lanes> {
    /// Of the windows that end with each of these vectors, the next chunk, which begins with row `first`. The product of
    /// its rows, lane by lane, is a NaN if one of them is.
    fn next(&mut self, lanes: L, first: isize, now: &[L::F; CHUNK], product: L::F) -> [L::F; CHUNK];
}

impl<const MAX: bool, const SKIP: bool> Extremes<'_, MAX, SKIP> {
    /// `P` or, if that is less, as many as there are lanes: the neighbouring rows of the second step.
    #[inline(always)]
    fn over<L: Lanes, const P: usize>(self, lanes: L, mut vertical: impl Vertical<L>) -> bool {
        let len = CHUNK * L::N;
        let lead = self.start.min(self.window - 1).div_ceil(len);
        // Chunks begin where lines of the cache do: vectors across two lines take twice as long to write.
        let past_line = self.out.as_ptr() as usize / size_of::<f64>() % WIDEST;
        let mut first = self.start as isize - (lead * len + past_line) as isize;
        let mut neighbours = Neighbours::<L, MAX, P>::new(lanes, self.window);
        let (mut found, end) = (0, self.start + self.out.len());
        let (mut room, mut results) = ([0.0; CHUNK * WIDEST], [0.0; CHUNK * WIDEST]);
        while first < end as isize {
            let x = &rows::<MAX>(&self.x[..end], first, len, &mut room)[..len];
            // A product with a zero or a NaN is one, too; so is one that underflows, which does no harm.
            let (mut now, mut product) = ([lanes.splat(0.0); CHUNK], lanes.splat(1.0));
            for (j, now) in now.iter_mut().enumerate() {
                product = lanes.mul(product, lanes.load(x, j * L::N));
                *now = load::<L, MAX, SKIP>(lanes, x, j * L::N);
            }
            found |= lanes.zero_or_nan(product);
            let extremes = vertical.next(lanes, first, &now, product);
            let at = first - self.start as isize;
            let whole = usize::try_from(at).ok().and_then(|at| self.out.get_mut(at..at + len));
            let is_whole = whole.is_some();
            let out = &mut whole.unwrap_or(&mut results)[..len];
            for (j, &extreme) in neighbours.next(lanes, extremes).iter().enumerate() {
                lanes.store(out, j * L::N, extreme);
            }
            first += len as isize;
            if !is_whole && first > self.start as isize {
                // Rows before `start` are only there to be looked back to.
                let before = at.min(0).unsigned_abs();
                let rest = &mut self.out[at.max(0).unsigned_abs()..];
                let some = rest.len().min(len - before);
                rest[..some].copy_from_slice(&results[before..before + some]);
            }
        }
        found != 0
    }
}

/// The extremes of neighbouring lanes, across vectors: of `P` first, then of as many more as the window has.
struct Neighbours<L: Lanes, const MAX: bool, const P: usize> {
    before: [L::F; 3],
    odd: usize,
    odd_before: [L::F; 3],
}

impl<L: Lanes, const MAX: bool, const P: usize> Neighbours<L, MAX, P> {
    #[inline(always)]
    fn new(lanes: L, window: usize) -> Self {
        let nothing = [lanes.splat(nothing::<MAX>()); 3];
        Self { before: nothing, odd: window % P.min(L::N), odd_before: nothing }
    }

    #[inline(always)]
    fn next(&mut self, lanes: L, mut v: [L::F; CHUNK]) -> [L::F; CHUNK] {
        if P >= 2 {
            v = Self::beyond(lanes, moved_up::<L, 1>(lanes, &mut self.before[0], v), v);
        }
        if P >= 4 {
            v = Self::beyond(lanes, moved_up::<L, 2>(lanes, &mut self.before[1], v), v);
        }
        if P >= 8 && L::N == 8 {
            v = Self::beyond(lanes, moved_up::<L, 4>(lanes, &mut self.before[2], v), v);
        }
        // What was found `odd` rows earlier: moved up by 1, by 2 and by 4, as it takes.
        if self.odd == 0 {
            return v;
        }
        let mut moved = v;
        if self.odd & 1 != 0 {
            moved = moved_up::<L, 1>(lanes, &mut self.odd_before[0], moved);
        }
        if self.odd & 2 != 0 {
            moved = moved_up::<L, 2>(lanes, &mut self.odd_before[1], moved);
        }
        if self.odd & 4 != 0 {
            moved = moved_up::<L, 4>(lanes, &mut self.odd_before[2], moved);
        }
        Self::beyond(lanes, moved, v)
    }

    #[inline(always)]
    fn beyond(lanes: L, mut a: [L::F; CHUNK], b: [L::F; CHUNK]) -> [L::F; CHUNK] {
        for (a, b) in a.iter_mut().zip(b) {
            *a = beyond::<L, MAX>(lanes, *a, b);
        }
        a
    }
}

/// A chunk moved up by `BY` lanes, after the last vector before it, which its own last replaces.
#[inline(always)]
fn moved_up<L: Lanes, const BY: i32>(lanes: L, before: &mut L::F, v: [L::F; CHUNK]) -> [L::F; CHUNK] {
    let mut moved = v;
    for (moved, v) in moved.iter_mut().zip(v) {
        *moved = lanes.follow::<BY>(std::mem::replace(before, v), v);
    }
    moved
}

/// Of `Q` vectors, 1 to 8: of two, of two such pairs, of two such fours that may overlap.
struct Few<L: Lanes, const MAX: bool, const Q: usize> {
    one: L::F,
    pairs: [L::F; 2],
    fours: [L::F; 4],
}

impl<L: Lanes, const MAX: bool, const Q: usize> Few<L, MAX, Q> {
    #[inline(always)]
    fn new(lanes: L) -> Self {
        let nothing = lanes.splat(nothing::<MAX>());
        Self { one: nothing, pairs: [nothing; 2], fours: [nothing; 4] }
    }

    #[inline(always)]
    fn push(&mut self, lanes: L, v: L::F) -> L::F {
        if Q == 1 {
            return v;
        }
        let pair = beyond::<L, MAX>(lanes, std::mem::replace(&mut self.one, v), v);
        if Q == 2 {
            return pair;
        }
        let [second, first] = self.pairs;
        self.pairs = [first, pair];
        if Q == 3 {
            return beyond::<L, MAX>(lanes, first, pair);
        }
        let four = beyond::<L, MAX>(lanes, second, pair);
        if Q == 4 {
            return four;
        }
        let [.., b, c, d] = self.fours;
        let older = self.fours[8 - Q];
        self.fours = [b, c, d, four];
        beyond::<L, MAX>(lanes, older, four)
    }
}

impl<L: Lanes, const MAX: bool, const Q: usize> Vertical<L> for Few<L, MAX, Q> {
    #[inline(always)]
    fn next(&mut self, lanes: L, _: isize, now: &[L::F; CHUNK], _: L::F) -> [L::F; CHUNK] {
        let mut extremes = *now;
        for extreme in &mut extremes {
            *extreme = self.push(lanes, *extreme);
        }
        extremes
    }
}

/// The oldest rows of windows of more vectors than a chunk has. Those that end in one chunk begin in `CHUNK` vectors;
/// `rest` more follow; then come whole chunks, a turn of them.
struct Old<'a, const SKIP: bool> {
    x: &'a [f64],
    vectors: usize,
    room: [f64; 2 * CHUNK * WIDEST],
}

impl<'a, const SKIP: bool> Old<'a, SKIP> {
    const fn new(x: &'a [f64], vectors: usize) -> Self {
        Self { x, vectors, room: [0.0; 2 * CHUNK * WIDEST] }
    }

    const fn turn(&self) -> usize {
        (self.vectors - 1 - CHUNK) / CHUNK
    }

    /// For each vector of the chunk from row `first` on, the extremes of the turn and of the rows before it.
    #[inline(always)]
    fn and<L: Lanes, const MAX: bool>(&mut self, lanes: L, first: isize, turn: L::F) -> [L::F; CHUNK] {
        let (oldest, rest) = (first - ((self.vectors - 1) * L::N) as isize, (self.vectors - 1 - CHUNK) % CHUNK);
        let (chunk, len) = (CHUNK * L::N, (CHUNK + rest) * L::N);
        let (old, rest) = rows::<MAX>(self.x, oldest, len, &mut self.room).split_at(chunk);
        let (mut suffix, mut extremes) = (turn, [turn; CHUNK]);
        for v in rest.chunks_exact(L::N) {
            suffix = beyond::<L, MAX>(lanes, suffix, load::<L, MAX, SKIP>(lanes, v, 0));
        }
        let old = &old[..chunk];
        for j in (0..CHUNK).rev() {
            suffix = beyond::<L, MAX>(lanes, suffix, load::<L, MAX, SKIP>(lanes, old, j * L::N));
            extremes[j] = suffix;
        }
        extremes
    }
}

/// Makes the extremes before a chunk those up to each of its vectors; returns those of the chunk.
#[inline(always)]
fn onwards<L: Lanes, const MAX: bool>(lanes: L, extremes: &mut [L::F; CHUNK], now: &[L::F; CHUNK]) -> L::F {
    let mut prefix = lanes.splat(nothing::<MAX>());
    for (extreme, &v) in extremes.iter_mut().zip(now) {
        prefix = beyond::<L, MAX>(lanes, prefix, v);
        *extreme = beyond::<L, MAX>(lanes, *extreme, prefix);
    }
    prefix
}

/// Of more vectors than a chunk has, few enough that the extreme is often among the oldest rows.
struct Many<'a, L: Lanes, const MAX: bool, const SKIP: bool> {
    old: Old<'a, SKIP>,
    /// Van Herk's suffixes of the extremes of chunks in the turn before, replaced by the extremes of this one.
    turn: Vec<L::F>,
    at: usize,
    prefix: L::F,
}

impl<'a, L: Lanes, const MAX: bool, const SKIP: bool> Many<'a, L, MAX, SKIP> {
    #[inline(always)]
    fn new(lanes: L, x: &'a [f64], vectors: usize) -> Self {
        let (old, nothing) = (Old::new(x, vectors), lanes.splat(nothing::<MAX>()));
        let turn = vec![nothing; old.turn()];
        Self { old, turn, at: 0, prefix: nothing }
    }

    /// Takes the extremes of one more chunk.
    #[inline(always)]
    fn push(&mut self, lanes: L, extreme: L::F) {
        let Some(place) = self.turn.get_mut(self.at) else { return };
        *place = extreme;
        self.prefix = beyond::<L, MAX>(lanes, self.prefix, extreme);
        self.at += 1;
        if self.at == self.turn.len() {
            let mut suffix = lanes.splat(nothing::<MAX>());
            self.prefix = suffix;
            for extreme in self.turn.iter_mut().rev() {
                suffix = beyond::<L, MAX>(lanes, suffix, *extreme);
                *extreme = suffix;
            }
            self.at = 0;
        }
    }
}

impl<L: Lanes, const MAX: bool, const SKIP: bool> Vertical<L> for Many<'_, L, MAX, SKIP> {
    #[inline(always)]
    fn next(&mut self, lanes: L, first: isize, now: &[L::F; CHUNK], _: L::F) -> [L::F; CHUNK] {
        let mut since = self.prefix;
        if let Some(&before) = self.turn.get(self.at) {
            since = beyond::<L, MAX>(lanes, since, before);
        }
        let mut extremes = self.old.and::<L, MAX>(lanes, first, since);
        let chunk = onwards::<L, MAX>(lanes, &mut extremes, now);
        self.push(lanes, chunk);
        extremes
    }
}

/// Of far more. All rows of the turn are in every window that ends in the chunk, so of one chunk in it the extreme of all
/// lanes is enough, and the turn stays in the nearest cache. Where nothing in the two chunks before the turn is beyond
/// what it has, as is usual, the oldest rows are not read: that cache has them no more. Once a NaN has left, the rows after
/// it count although their chunk's extreme may be anything: of such a chunk everything is expected.
struct Far<'a, L: Lanes, const MAX: bool, const SKIP: bool> {
    old: Old<'a, SKIP>,
    /// The newest chunk, lane by lane: the extreme of its lanes takes a while to know. And whether it may hold a NaN.
    last: L::F,
    clouded: bool,
    /// The others of the turn, as in [`Many`].
    turn: Vec<f64>,
    at: usize,
    prefix: f64,
    /// Of the two chunks before the turn, the extreme of the first, and from place `second` on of the second and the turn.
    first: f64,
    chunks: Vec<f64>,
    second: usize,
}

impl<'a, L: Lanes, const MAX: bool, const SKIP: bool> Far<'a, L, MAX, SKIP> {
    fn new(lanes: L, x: &'a [f64], vectors: usize) -> Self {
        let (old, nothing) = (Old::new(x, vectors), nothing::<MAX>());
        let (turn, chunks) = (vec![nothing; old.turn() - 1], vec![nothing; old.turn()]);
        let last = lanes.splat(nothing);
        Self { old, last, clouded: false, turn, at: 0, prefix: nothing, first: nothing, chunks, second: 0 }
    }

    /// Takes the extreme of one more chunk, and the most that it may have.
    #[inline(always)]
    fn push(&mut self, extreme: f64, most: f64) {
        self.first = std::mem::replace(&mut self.chunks[self.second], most);
        self.second = if self.second + 1 == self.chunks.len() { 0 } else { self.second + 1 };
        self.turn[self.at] = extreme;
        self.prefix = more::<MAX>(self.prefix, extreme);
        self.at += 1;
        if self.at == self.turn.len() {
            let mut suffix = nothing::<MAX>();
            self.prefix = suffix;
            for extreme in self.turn.iter_mut().rev() {
                suffix = more::<MAX>(suffix, *extreme);
                *extreme = suffix;
            }
            self.at = 0;
        }
    }
}

impl<L: Lanes, const MAX: bool, const SKIP: bool> Vertical<L> for Far<'_, L, MAX, SKIP> {
    #[inline(always)]
    fn next(&mut self, lanes: L, first: isize, now: &[L::F; CHUNK], product: L::F) -> [L::F; CHUNK] {
        let since = more::<MAX>(self.prefix, self.turn[self.at]);
        let before = more::<MAX>(self.first, self.chunks[self.second]);
        let turn = beyond::<L, MAX>(lanes, lanes.splat(since), self.last);
        let looks_back = more::<MAX>(before, since) != since;
        let mut extremes = if looks_back { self.old.and::<L, MAX>(lanes, first, turn) } else { [turn; CHUNK] };
        let chunk = onwards::<L, MAX>(lanes, &mut extremes, now);
        let last = of_all::<L, MAX>(lanes, std::mem::replace(&mut self.last, chunk));
        let clouded = std::mem::replace(&mut self.clouded, !SKIP && lanes.differ(product, product) != 0);
        self.push(last, if clouded { everything::<MAX>() } else { last });
        extremes
    }
}

/// The more extreme of two values.
#[inline(always)]
fn more<const MAX: bool>(a: f64, b: f64) -> f64 {
    if if MAX { a > b } else { a < b } { a } else { b }
}

/// The extreme of all lanes.
#[inline(always)]
fn of_all<L: Lanes, const MAX: bool>(lanes: L, mut v: L::F) -> f64 {
    if L::N == 8 {
        v = beyond::<L, MAX>(lanes, lanes.follow::<4>(v, v), v);
    }
    v = beyond::<L, MAX>(lanes, lanes.follow::<2>(v, v), v);
    v = beyond::<L, MAX>(lanes, lanes.follow::<1>(v, v), v);
    let mut each = [0.0; WIDEST];
    lanes.store(&mut each, 0, v);
    each[0]
}
