//! Named tensors read from and written to safetensors: f16 on disk, f32 in memory.

use half::f16;
use ndarray::{Array1, Array2};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::BTreeMap;

/// Shape and values (row-major) of one tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Values.
    pub values: Vec<f32>,
}

/// All tensors of a model by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

/// The weights do not fit the model.
#[derive(Debug, thiserror::Error)]
pub enum WeightError {
    /// Not a safetensors file.
    #[error("not a readable safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// A tensor of another kind than floats.
    #[error("weight `{name}` is stored as {found}, expected f32 or f16")]
    Kind {
        /// Tensor.
        name: String,
        /// Its type.
        found: String,
    },
    /// A tensor is absent.
    #[error("weight `{0}` is missing")]
    Missing(String),
    /// A tensor has another shape.
    #[error("weight `{name}` is {found:?}, expected {expected:?}")]
    Shape {
        /// Tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
}

impl Weights {
    /// Reads a safetensors file's bytes; integer tensors (position ids of old exports) are left out.
    ///
    /// # Errors
    /// If the bytes are malformed or a tensor is neither f32, f16 nor an integer.
    pub fn parse(bytes: &[u8]) -> Result<Self, WeightError> {
        let mut tensors = BTreeMap::new();
        for (name, view) in SafeTensors::deserialize(bytes)?.tensors() {
            let values = match view.dtype() {
                Dtype::F32 => {
                    view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
                }
                Dtype::F16 => view.data().chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
                Dtype::I64 | Dtype::I32 => continue,
                other => return Err(WeightError::Kind { name, found: format!("{other:?}") }),
            };
            tensors.insert(name, Tensor { shape: view.shape().to_vec(), values });
        }
        Ok(Self { tensors })
    }

    /// A safetensors file in f16, tensors by name.
    ///
    /// # Errors
    /// If a tensor's values do not fill its shape.
    pub fn to_f16_bytes(&self) -> Result<Vec<u8>, WeightError> {
        let halves: Vec<(&String, &Tensor, Vec<u8>)> = self
            .tensors
            .iter()
            .map(|(name, t)| (name, t, t.values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect()))
            .collect();
        let views = halves
            .iter()
            .map(|(name, t, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F16, t.shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        Ok(safetensors::serialize(views, &None)?)
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: String, tensor: Tensor) {
        self.tensors.insert(name, tensor);
    }

    /// A tensor by name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Names and tensors in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Tensor)> {
        self.tensors.iter()
    }

    /// A matrix `(rows, columns)`.
    ///
    /// # Errors
    /// If it is missing or has another shape.
    pub fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Array2<f32>, WeightError> {
        let tensor = self.shaped(name, &[rows, columns])?;
        Ok(Array2::from_shape_vec((rows, columns), tensor.values.clone()).expect("the shape was just checked"))
    }

    /// A vector of `len` values.
    ///
    /// # Errors
    /// If it is missing or has another shape.
    pub fn vector(&self, name: &str, len: usize) -> Result<Array1<f32>, WeightError> {
        Ok(Array1::from_vec(self.shaped(name, &[len])?.values.clone()))
    }

    fn shaped(&self, name: &str, expected: &[usize]) -> Result<&Tensor, WeightError> {
        let tensor = self.get(name).ok_or_else(|| WeightError::Missing(name.to_owned()))?;
        if tensor.shape == expected {
            Ok(tensor)
        } else {
            let (found, expected) = (tensor.shape.clone(), expected.to_vec());
            Err(WeightError::Shape { name: name.to_owned(), found, expected })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_the_disk_as_f16_and_a_wrong_shape_names_both() {
        let mut weights = Weights::default();
        weights.insert("w".into(), Tensor { shape: vec![2, 2], values: vec![1.0, -0.5, 0.25, 1024.0] });
        let read = Weights::parse(&weights.to_f16_bytes().expect("serialise")).expect("parse");
        assert_eq!(read, weights);
        let error = read.matrix("w", 4, 1).expect_err("wrong shape").to_string();
        assert_eq!(error, "weight `w` is [2, 2], expected [4, 1]");
        assert_eq!(read.vector("v", 1).expect_err("absent").to_string(), "weight `v` is missing");
    }
}
