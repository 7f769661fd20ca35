//! Adapts a model to corrected labels without libtorch: only the head learns, the encoder stays.
//!
//! `head` is the head with its gradient, `fit` the loop.
//! Smaller than `train`, which moves every weight, but it needs minutes and nothing installed. What the model knew is kept
//! by replay (old labelled texts among the new) and by a pull back to the old weights.

mod fit;
mod head;

pub use fit::{Item, RefitSettings, features, fit};
pub use head::Head;
