//! Maps whose fields come in one order.

use super::{ActionError, FieldName, FieldText, Reason, Segment, msgpack::Input};

/// Longest field name that is read in whole; longer ones are unknown anyway.
const FIELD_NAME_BYTES_MAX: u32 = 64;

/// Reads a map's fields in the order of `names`. Optional ones may be left out.
#[derive(Debug)]
pub(super) struct Fields<'i, 'a> {
    input: &'i mut Input<'a>,
    names: &'static [FieldName],
    seen: u32,
    left: u32,
}

impl<'i, 'a> Fields<'i, 'a> {
    /// Opens a map whose fields, required and optional, are `names` in this order; at most 32.
    pub(super) fn open(input: &'i mut Input<'a>, names: &'static [FieldName]) -> Result<Self, ActionError> {
        let left = input.map()?;
        Ok(Self { input, names, seen: 0, left })
    }

    /// The value of the field that must come next.
    pub(super) fn required<T>(
        &mut self,
        name: FieldName,
        read: impl FnOnce(&mut Input<'a>) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let Some((key, after)) = self.peek()? else {
            return Err(ActionError::from(Reason::Missing).inside(Segment::Field(name)));
        };
        if key == name.as_str() {
            self.value(name, after, read)
        } else {
            Err(self.misplaced(key, Some(name)))
        }
    }

    /// The value of the field if it comes next.
    pub(super) fn optional<T>(
        &mut self,
        name: FieldName,
        read: impl FnOnce(&mut Input<'a>) -> Result<T, ActionError>,
    ) -> Result<Option<T>, ActionError> {
        match self.peek()? {
            Some((key, after)) if key == name.as_str() => self.value(name, after, read).map(Some),
            _ => Ok(None),
        }
    }

    /// Checks that no field is left.
    pub(super) fn close(self) -> Result<(), ActionError> {
        match self.peek()? {
            Some((key, _)) => Err(self.misplaced(key, None)),
            None => Ok(()),
        }
    }

    /// The next field's name and the input behind it; `None` at the end of the map.
    fn peek(&self) -> Result<Option<(&'a str, Input<'a>)>, ActionError> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut after = *self.input;
        let key = after.text(FIELD_NAME_BYTES_MAX)?;
        Ok(Some((key, after)))
    }

    fn value<T>(
        &mut self,
        name: FieldName,
        after: Input<'a>,
        read: impl FnOnce(&mut Input<'a>) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        *self.input = after;
        self.left = self.left.saturating_sub(1);
        self.seen |= self.bit(name);
        read(self.input).map_err(|error| error.inside(Segment::Field(name)))
    }

    fn misplaced(&self, key: &str, expected: Option<FieldName>) -> ActionError {
        let Some(name) = FieldName::from_text(key).filter(|name| self.names.contains(name)) else {
            return Reason::UnknownField(FieldText::new(key)).into();
        };
        let doubled = self.seen & self.bit(name) != 0;
        let reason = if doubled { Reason::Duplicate } else { Reason::OutOfOrder { expected } };
        ActionError::from(reason).inside(Segment::Field(name))
    }

    fn bit(&self, name: FieldName) -> u32 {
        let place = self.names.iter().position(|other| *other == name).and_then(|at| u32::try_from(at).ok());
        place.and_then(|place| 1u32.checked_shl(place)).unwrap_or(0)
    }
}
