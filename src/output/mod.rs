//! Files that analysts open: the stance table, the rejects, the record of the run. The only place with column names.

pub mod cell;
pub mod columns;
pub mod figures;
pub mod file;
pub mod marked;
pub mod stances;
pub mod table;
