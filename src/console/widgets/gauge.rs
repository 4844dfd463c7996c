//! A gauge: a share of a whole as a bar. What exceeds the whole is said by the number beside it, not by the bar.

/// A bar of `cells` filled to `percent`: a little always shows, and only the whole fills it.
#[must_use]
pub fn bar(percent: u32, cells: usize, full: &str, empty: &str) -> String {
    let filled = filled_cells(percent, cells);
    format!("{}{}", full.repeat(filled), empty.repeat(cells - filled))
}

fn filled_cells(percent: u32, cells: usize) -> usize {
    let filled = cells * percent.min(100) as usize / 100;
    let most = if percent < 100 { cells.saturating_sub(1) } else { cells };
    filled.max(usize::from(percent > 0)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_little_shows_and_only_the_whole_fills() {
        let draw = |percent| bar(percent, 4, "#", "-");
        assert_eq!([0, 1, 50, 99, 100, 140].map(draw), ["----", "#---", "##--", "###-", "####", "####"]);
    }

    proptest! {
        #[test]
        fn a_bar_is_as_wide_as_asked(percent in any::<u32>(), cells in 0_usize..50) {
            prop_assert_eq!(bar(percent, cells, "█", "─").chars().count(), cells);
        }
    }
}
