use proptest::prelude::*;

use super::*;

struct Row {
    name: &'static str,
    status: &'static str,
    cost: Option<&'static str>,
    age_ms: u64,
    memory: u64,
    tag: Option<&'static str>,
}

const ROW: Row = Row {
    name: "Änne's survival-01",
    status: "Running",
    cost: Some("0.20"),
    age_ms: 3 * 3_600_000,
    memory: 4 << 30,
    tag: None,
};

impl FilterRow for Row {
    fn cell(&self, column: &str) -> Option<FilterValue<'_>> {
        match column {
            "name" => Some(FilterValue::Text(self.name.into())),
            "status" => Some(FilterValue::Text(self.status.into())),
            "cost" => self.cost.map(|cost| FilterValue::Number(cost.parse().unwrap())),
            "age" => Some(FilterValue::DurationMs(self.age_ms)),
            "memory" => Some(FilterValue::Bytes(self.memory)),
            "tag" => self.tag.map(|tag| FilterValue::Text(tag.into())),
            "id" => Some(FilterValue::Text("812".into())),
            _ => None,
        }
    }

    fn text(&self) -> Cow<'_, str> {
        format!("{} {}", self.name, self.status).into()
    }
}

const COLUMNS: &[FilterColumn] = &[
    FilterColumn { name: "status", kind: ColumnKind::Text },
    FilterColumn { name: "cost", kind: ColumnKind::Number },
    FilterColumn { name: "age", kind: ColumnKind::Duration },
    FilterColumn { name: "memory", kind: ColumnKind::Bytes },
];

fn passes(filter: &str) -> bool {
    Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(&ROW)
}

#[test]
fn the_grammar_narrows_by_column() {
    for filter in [
        "",
        "status=running cost>=0.2 age>2h !tag:keep ~surv",
        "status:unn",
        "status~rng",
        "status!=offline",
        "tag!=keep",
        "tag=\"\"",
        "cost=0.2",
        "cost=0.200",
        "memory=4GiB",
        "memory>4G",
        "memory<4.5G",
        "age<=180m",
        "age<1d",
        "id>100",
        "id=812",
        "!id<812",
        "ÄNNE",
        "srv01",
        "\"survival-01 running\"",
        "!nosuchword",
        "!~nosuchname",
    ] {
        assert!(passes(filter), "{filter}");
    }
    for filter in [
        "status=run",
        "cost>0.2",
        "cost>0.20000000000000000001",
        "age>3h",
        "memory!=4GiB",
        "tag:keep",
        "tag=keep",
        "nosuch=1",
        "age>2GiB",
        "\"running survival\"",
        "annerunning",
        "!srv01",
        "~running",
        "!status=running",
    ] {
        assert!(!passes(filter), "{filter}");
    }
}

#[test]
fn errors_point_at_the_place_and_say_what_was_expected() {
    let at = |text: &str| {
        let error = Filter::parse_for(text, COLUMNS).unwrap_err();
        (error.at, error.length, error.expected)
    };
    assert_eq!(at("ok status="), (10, 0, "a value after status=".to_owned()));
    assert_eq!(at("status=>x"), (7, 1, "a value after status=".to_owned()));
    assert_eq!(at("ok \"open"), (3, 5, "a closing \" for the quote that begins here".to_owned()));
    assert_eq!(at("!"), (1, 0, "a word or a test after !".to_owned()));
    assert_eq!(at("!!x").0, 1);
    assert_eq!(at("a\"b\"").0, 1);
    assert_eq!(at("\"b\"c").0, 3);
    assert_eq!(at("\"\\n\"").2, "\\\" or \\\\ inside quotes");
    assert_eq!(at("~").2, "part of a name after ~");
    assert_eq!(at("age>2").2, "a duration like 30m, 2h or 7d, as age holds");
    assert_eq!(at("x cost=cheap"), (7, 5, "a number like 0.20 or 5k, as cost holds".to_owned()));
    assert_eq!(at("memory>2h").2, "a size like 512MiB or 4GiB, as memory holds");
    let (place, length, expected) = at("ÄÖ stats=x");
    assert_eq!((place, length), (3, 5));
    assert!(expected.starts_with("one of the columns status, cost"), "{expected}");
    assert_eq!(Filter::parse("a b=").unwrap_err().to_string(), "at 5: expected a value after b=");
}

#[test]
fn addresses_and_plain_numbers_are_words() {
    let filter = Filter::parse("203.0.113.10:25565 42").unwrap();
    let words = filter.terms.iter().all(|term| matches!(term.test, Test::Word(_)));
    assert!(words, "{filter:?}");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9!=<>~:. \"\\\\\u{e4}%-]{0,8}",
        Just("2h".to_owned()),
        Just("1.5GiB".to_owned()),
        any::<String>()
    ]
}

fn any_literal() -> impl Strategy<Value = Literal> {
    (any_text(), any::<bool>()).prop_map(|(text, is_quoted)| {
        let must_quote = is_quoted || !value::is_plain(&text);
        Literal::new(text, must_quote)
    })
}

fn any_test() -> impl Strategy<Value = Test> {
    let operator = prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Greater,
        Operator::Less,
        Operator::GreaterOrEqual,
        Operator::LessOrEqual,
        Operator::Fuzzy,
        Operator::Contains,
    ]);
    prop_oneof![
        "[a-zA-Z0-9\u{e4}./@-]{1,10}".prop_map(Test::Word),
        any_text().prop_map(Test::Phrase),
        any_text().prop_map(Test::Name),
        ("[a-z][a-z0-9_.-]{0,6}", operator, any_literal())
            .prop_map(|(column, operator, value)| Test::Column { column, operator, value }),
    ]
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_the_same(
        terms in prop::collection::vec((any::<bool>(), any_test()), 0..6)
    ) {
        let terms = terms.into_iter().map(|(is_negated, test)| Term { is_negated, test }).collect();
        let filter = Filter { terms };
        let printed = filter.to_string();
        prop_assert_eq!(Filter::parse(&printed), Ok(filter), "{}", printed);
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place_inside_it(text in any_text()) {
        for result in [Filter::parse(&text), Filter::parse_for(&text, COLUMNS)] {
            match result {
                Ok(filter) => {
                    filter.matches(&ROW);
                    prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
                }
                Err(error) => prop_assert!(error.at + error.length <= text.chars().count(), "{:?}", error),
            }
        }
    }

    #[test]
    fn a_negated_term_is_the_opposite(test in any_test()) {
        let with = |is_negated| Filter { terms: vec![Term { is_negated, test: test.clone() }] };
        prop_assert_ne!(with(false).matches(&ROW), with(true).matches(&ROW));
    }
}
