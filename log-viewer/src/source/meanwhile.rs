//! The moments between two of our looks at the disk, in which Docker may do anything. Only tests do something here.

#[cfg(not(test))]
#[inline]
pub(super) fn others_act() {}

#[cfg(test)]
pub(super) use self::testing::others_act;

#[cfg(test)]
pub(super) mod testing {
    use std::cell::RefCell;

    thread_local! {
        static OTHERS: RefCell<Option<Box<dyn FnMut()>>> = RefCell::new(None);
    }

    /// On this thread, `others` act from now on.
    pub(in crate::source) fn let_act(others: Option<Box<dyn FnMut()>>) {
        OTHERS.set(others);
    }

    pub(in crate::source) fn others_act() {
        OTHERS.with_borrow_mut(|others| {
            if let Some(others) = others {
                others();
            }
        });
    }
}
