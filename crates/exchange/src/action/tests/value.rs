//! Msgpack of any shape, right or wrong. Shares nothing with the code under test.

use std::{vec, vec::Vec};

pub(super) enum Value {
    Bool(bool),
    Int(u64),
    Text(&'static str),
    List(Vec<Self>),
    Map(Vec<(&'static str, Self)>),
    /// Bytes as they are.
    Raw(&'static [u8]),
}

pub(super) use Value::{Bool, Int, List, Map, Raw, Text};

impl Value {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self {
            Bool(value) => vec![0xc2 + u8::from(*value)],
            Int(value) if *value < 128 => vec![*value as u8],
            Int(value) if *value < 1 << 8 => vec![0xcc, *value as u8],
            Int(value) if *value < 1 << 16 => [&[0xcd][..], &value.to_be_bytes()[6..]].concat(),
            Int(value) if *value < 1 << 32 => [&[0xce][..], &value.to_be_bytes()[4..]].concat(),
            Int(value) => [&[0xcf][..], &value.to_be_bytes()].concat(),
            Text(text) if text.len() < 32 => [&[0xa0 + text.len() as u8][..], text.as_bytes()].concat(),
            Text(text) if text.len() >= 1 << 8 => {
                [&[0xda, (text.len() >> 8) as u8, text.len() as u8][..], text.as_bytes()].concat()
            }
            Text(text) => [&[0xd9, text.len() as u8][..], text.as_bytes()].concat(),
            List(items) => {
                [head(0x90, 0xdc, items.len()), items.iter().flat_map(Self::bytes).collect()].concat()
            }
            Map(fields) => {
                let each =
                    fields.iter().flat_map(|(name, value)| [Text(name).bytes(), value.bytes()].concat());
                [head(0x80, 0xde, fields.len()), each.collect()].concat()
            }
            Raw(bytes) => bytes.to_vec(),
        }
    }

    /// The field at a path such as `orders.0.p`.
    fn at(&mut self, path: &str) -> &mut Self {
        path.split('.').filter(|step| !step.is_empty()).fold(self, |value, step| match value {
            List(items) => &mut items[step.parse::<usize>().unwrap()],
            Map(fields) => &mut fields.iter_mut().find(|(name, _)| *name == step).unwrap().1,
            _ => panic!("nothing below {step}"),
        })
    }

    /// This value with another in place of the field at `path`.
    pub(super) fn with(mut self, path: &str, value: Self) -> Self {
        *self.at(path) = value;
        self
    }

    /// This value with the fields of the map at `path` changed.
    pub(super) fn fields(mut self, path: &str, change: impl FnOnce(&mut Vec<(&'static str, Self)>)) -> Self {
        let Map(fields) = self.at(path) else { panic!("{path} is no map") };
        change(fields);
        self
    }
}

fn head(small: u8, long: u8, count: usize) -> Vec<u8> {
    if count < 16 { vec![small + count as u8] } else { vec![long, (count >> 8) as u8, count as u8] }
}
