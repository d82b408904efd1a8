//! One thing for each class of actions.

use super::Class;

/// A value for each class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByClass<T> {
    /// Of actions that neither take nor cancel.
    pub neutral: T,
    /// Of cancels.
    pub cancels: T,
    /// Of actions that may take.
    pub may_take: T,
}

impl<T> ByClass<T> {
    /// That of a class.
    #[must_use]
    pub const fn of(&self, class: Class) -> &T {
        match class {
            Class::Neutral => &self.neutral,
            Class::Cancels => &self.cancels,
            Class::MayTake => &self.may_take,
        }
    }

    /// That of a class, to change it.
    pub const fn of_mut(&mut self, class: Class) -> &mut T {
        match class {
            Class::Neutral => &mut self.neutral,
            Class::Cancels => &mut self.cancels,
            Class::MayTake => &mut self.may_take,
        }
    }

    /// All, in the order in which a block has the classes.
    pub fn iter(&self) -> impl Iterator<Item = (Class, &T)> {
        Class::ALL.into_iter().map(|class| (class, self.of(class)))
    }
}
