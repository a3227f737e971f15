//! Handles: numbers dressed as pointers, checked against a table before anything is touched.
//!
//! A handle holds a mark of its kind, the generation of its slot and the slot's number. Freeing a slot
//! clears its tag, reuse raises its generation, so NULL, freed, doubly freed and foreign handles are
//! all told apart from live ones by one comparison. Readers take no lock and write nothing.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::status::Failure;
use crate::error::ErrorCode;

const SLOT_BITS: u32 = 18;
const GENERATION_BITS: u32 = 38;
const SLOTS: usize = 1 << SLOT_BITS;

struct Slot {
    /// The handle that is valid for this slot, or 0.
    tag: AtomicU64,
    object: AtomicPtr<()>,
}

/// Who may hand out which slot next; only creating and freeing take this lock.
struct Free {
    slots: Vec<(usize, u64)>,
    used: usize,
}

/// The live objects of one kind.
pub(super) struct Table<T> {
    /// Distinguishes kinds: no handle of one is valid for another.
    mark: u64,
    noun: &'static str,
    /// Zero pages until a slot is used: they cost address space, and readers neither a lock nor a detour.
    slots: [Slot; SLOTS],
    free: Mutex<Free>,
    objects: PhantomData<T>,
}

impl<T: Send + Sync> Table<T> {
    #[expect(clippy::large_stack_arrays, reason = "evaluated at compile time: a table is always a static")]
    pub(super) const fn new(mark: u8, noun: &'static str) -> Self {
        Self {
            mark: (mark as u64) << (SLOT_BITS + GENERATION_BITS),
            noun,
            slots: [const { Slot { tag: AtomicU64::new(0), object: AtomicPtr::new(std::ptr::null_mut()) } }; SLOTS],
            free: Mutex::new(Free { slots: Vec::new(), used: 0 }),
            objects: PhantomData,
        }
    }

    #[inline]
    fn slot_of(&self, tag: u64) -> Option<&Slot> {
        // The tag of a free slot is 0, and so is NULL: without the mark no number gets as far as a slot.
        if tag >> (SLOT_BITS + GENERATION_BITS) != self.mark >> (SLOT_BITS + GENERATION_BITS) {
            return None;
        }
        let slot = self.slots.get(slot_number(tag))?;
        (slot.tag.load(Ordering::Acquire) == tag).then_some(slot)
    }

    /// Takes `object` into the table; its handle is never 0.
    pub(super) fn insert(&self, object: T) -> Result<u64, Failure> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let reused = free.slots.pop();
        let (number, generation) = reused.unwrap_or((free.used, 1));
        let Some(slot) = self.slots.get(number) else {
            let message = format!("more than {SLOTS} live {} handles: free or drop some first", self.noun);
            return Err(Failure::new(ErrorCode::ResourceLimitExceeded, message));
        };
        free.used += usize::from(reused.is_none());
        let tag = self.mark | (generation << SLOT_BITS) | number as u64;
        slot.object.store(Box::into_raw(Box::new(object)).cast(), Ordering::Relaxed);
        slot.tag.store(tag, Ordering::Release);
        Ok(tag)
    }

    /// The object behind a handle.
    ///
    /// # Safety
    /// The reference is valid until the handle is removed: the caller must not let it outlive the call,
    /// and the host must not free a handle that another of its threads is using.
    #[inline]
    pub(super) unsafe fn get<'a>(&self, tag: u64) -> Result<&'a T, Failure> {
        let Some(slot) = self.slot_of(tag) else { return Err(self.dead(tag)) };
        // SAFETY: a slot whose tag is set holds a pointer from Box::into_raw, stored before the tag
        // (Acquire sees Release), and stays so until the handle is removed, which the caller rules out.
        Ok(unsafe { &*slot.object.load(Ordering::Relaxed).cast::<T>() })
    }

    /// Takes the object out again; its handle is dead from then on.
    pub(super) fn remove(&self, tag: u64) -> Result<Box<T>, Failure> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = self.slot_of(tag) else {
            drop(free);
            return Err(self.dead(tag));
        };
        slot.tag.store(0, Ordering::Release);
        let object = slot.object.swap(std::ptr::null_mut(), Ordering::Relaxed);
        let generation = (tag >> SLOT_BITS) & ((1 << GENERATION_BITS) - 1);
        // A slot whose generations are used up is never handed out again.
        if generation + 1 < 1 << GENERATION_BITS {
            free.slots.push((slot_number(tag), generation + 1));
        }
        drop(free);
        // SAFETY: the pointer came from Box::into_raw in `insert`; clearing the tag under the lock made
        // this the only thread that takes it.
        Ok(unsafe { Box::from_raw(object.cast()) })
    }

    #[cold]
    #[inline(never)]
    fn dead(&self, tag: u64) -> Failure {
        if tag == 0 {
            return Failure::new(ErrorCode::NullPointer, format!("{} is NULL", self.noun));
        }
        Failure::new(
            ErrorCode::InvalidArgument,
            format!("{tag:#x} is not a live {} handle: freed or foreign", self.noun),
        )
    }
}

#[inline]
fn slot_number(tag: u64) -> usize {
    usize::try_from(tag & ((1 << SLOT_BITS) - 1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn get(table: &Table<u32>, tag: u64) -> Result<u32, i32> {
        // SAFETY: nothing frees while this reads.
        unsafe { table.get(tag) }.copied().map_err(|failure| failure.status())
    }

    #[test]
    fn a_freed_handle_never_comes_back_to_life() {
        static TABLE: Table<u32> = Table::new(1, "Test");
        let table = &TABLE;
        let mut dead = Vec::new();
        for round in 0..10_000 {
            let tag = table.insert(round).ok().unwrap();
            assert_eq!(get(table, tag), Ok(round));
            assert_eq!(*table.remove(tag).ok().unwrap(), round);
            assert!(table.remove(tag).is_err());
            dead.push(tag);
        }
        dead.sort_unstable();
        dead.dedup();
        assert_eq!(dead.len(), 10_000, "no handle is given twice");
        assert!(dead.iter().all(|tag| get(table, *tag) == Err(1001)));
    }

    proptest! {
        #[test]
        fn no_number_but_a_live_handle_is_accepted(numbers in prop::collection::vec(any::<u64>(), 1..200)) {
            static TABLE: Table<u32> = Table::new(1, "Test");
            let table = &TABLE;
            let live: Vec<u64> = (0..5).map(|i| table.insert(i).ok().unwrap()).collect();
            let near = live.iter().flat_map(|tag| [tag ^ 1 << 63, tag + 1, tag - 1, tag + (1 << SLOT_BITS)]);
            for number in numbers.into_iter().chain(near).filter(|number| !live.contains(number)) {
                prop_assert!(get(table, number).is_err());
            }
            for tag in live {
                drop(table.remove(tag));
            }
        }
    }

    #[test]
    fn null_is_refused_before_during_and_after_the_first_object() {
        static TABLE: Table<u32> = Table::new(1, "Test");
        let table = &TABLE;
        assert_eq!(get(table, 0), Err(1002));
        let tag = table.insert(7).ok().unwrap();
        assert_eq!(get(table, 0), Err(1002));
        drop(table.remove(tag));
        assert_eq!(get(table, 0), Err(1002));
        assert!(table.remove(0).is_err());
    }

    #[test]
    fn a_full_table_says_what_to_do_and_has_room_again_after_it() {
        static TABLE: Table<u32> = Table::new(1, "Test");
        let table = &TABLE;
        let tags: Vec<u64> = (0..262_144).map(|i| table.insert(i).ok().unwrap()).collect();
        let refused = table.insert(7).err().unwrap();
        assert_eq!(refused.status(), 6004);
        assert_eq!(refused.message(), "more than 262144 live Test handles: free or drop some first");
        drop(table.remove(tags[5]));
        assert_eq!(get(table, table.insert(7).ok().unwrap()), Ok(7));
        assert_eq!(get(table, tags[6]), Ok(6));
    }

    #[test]
    fn a_handle_of_one_kind_is_foreign_to_another() {
        static ONE: Table<u32> = Table::new(1, "One");
        static OTHER: Table<u32> = Table::new(2, "Other");
        let (one, other) = (&ONE, &OTHER);
        let tag = one.insert(7).ok().unwrap();
        other.insert(7).ok().unwrap();
        assert_eq!(get(other, tag), Err(1001));
    }

    #[test]
    fn threads_that_make_and_free_at_once_never_see_each_others_objects() {
        static TABLE: Table<u32> = Table::new(1, "Test");
        let table = &TABLE;
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    for i in 0..5_000 {
                        let tag = table.insert(thread * 10_000 + i).ok().unwrap();
                        assert_eq!(get(table, tag), Ok(thread * 10_000 + i));
                        assert_eq!(*table.remove(tag).ok().unwrap(), thread * 10_000 + i);
                    }
                });
            }
        });
    }
}
