//! The one filter grammar: fuzzy words, and `column op value` terms.
