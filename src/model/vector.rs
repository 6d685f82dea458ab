//! A provenance vector: whose value the tax of one invoice is. Travels with the invoice from seller to buyer.

use super::{Fen, TaxpayerId};

/// The origins of one invoice's tax. `tax` = parts + remainder, always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vector {
    /// The largest origins, each once.
    pub parts: Vec<Part>,
    /// What is beyond the budget of origins.
    pub remainder: Fen,
}

/// How much of a vector comes from one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where the value entered the chain.
    pub origin: TaxpayerId,
    /// How much of it, in fen of tax; never negative.
    pub tax: Fen,
    /// Invoices between the origin and whoever sends this vector: 0 where the sender is the origin.
    pub hops: u8,
}

impl Vector {
    /// The whole, parts and remainder.
    pub fn total(&self) -> Fen {
        self.parts.iter().map(|part| part.tax).sum::<Fen>() + self.remainder
    }
}
