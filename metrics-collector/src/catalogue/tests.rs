use super::*;

const LIMITS: Limits = Limits { per_project: 100 };

fn identity(project: &str, name: &str, kind: Kind, labels: &str) -> Identity {
    Identity {
        project: project.into(),
        name: name.into(),
        kind,
        labels: Labels::parse(labels).unwrap(),
    }
}

fn admit(catalogue: &mut Catalogue, identity: &Identity) -> Admission {
    catalogue.admit(identity, 7, LIMITS, &mut NewRows::default())
}

fn admitted(catalogue: &mut Catalogue, identity: &Identity) -> SeriesId {
    match admit(catalogue, identity) {
        Admission::Admitted(id) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_order_of_labels_makes_no_other_series_and_a_kind_does() {
    let mut catalogue = Catalogue::default();
    let first = admitted(
        &mut catalogue,
        &identity("shop", "x", Kind::Counter, r#"{"a":1,"b":2}"#),
    );

    assert_eq!(
        admitted(
            &mut catalogue,
            &identity("shop", "x", Kind::Counter, r#"{"b":2,"a":1}"#)
        ),
        first
    );
    for other in [
        identity("shop", "x", Kind::Gauge, r#"{"a":1,"b":2}"#),
        identity("shop", "x", Kind::Counter, r#"{"a":1}"#),
        identity("shop", "x", Kind::Counter, r#"{"a":2,"b":1}"#),
        identity("shop", "y", Kind::Counter, r#"{"a":1,"b":2}"#),
        identity("blog", "x", Kind::Counter, r#"{"a":1,"b":2}"#),
    ] {
        assert_eq!(catalogue.find(&other), None);
        assert_ne!(admitted(&mut catalogue, &other), first);
    }
    assert_eq!((catalogue.series_count(), catalogue.metrics().count()), (6, 4));
}

#[test]
fn series_of_a_metric_share_pages_and_its_total_has_one_of_its_own() {
    let mut catalogue = Catalogue::default();
    let ids: Vec<SeriesId> = (0..100)
        .map(|number| {
            admitted(
                &mut catalogue,
                &identity("shop", "x", Kind::Counter, &format!("{{\"n\":{number}}}")),
            )
        })
        .collect();

    let (_, metric) = catalogue.metrics().next().unwrap();
    let mut pages: Vec<PageId> = ids.iter().map(|id| id.page()).collect();
    pages.dedup();
    assert_eq!(pages.len(), 2);
    assert!(!pages.contains(&metric.total));
    assert_eq!(
        catalogue.series_of(metric).map(|(id, _)| id).collect::<Vec<_>>(),
        ids
    );
    assert_eq!(
        catalogue
            .metric_of_page(metric.total)
            .map(|metric| metric.name.as_str()),
        Some("x")
    );
}

#[test]
fn what_is_too_much_shares_a_series_of_its_metric_and_nothing_grows_without_end() {
    let mut catalogue = Catalogue::default();
    let labels = |number: usize| format!("{{\"n\":{number}}}");
    for number in 0..100 {
        admitted(
            &mut catalogue,
            &identity("shop", "x", Kind::Counter, &labels(number)),
        );
    }
    assert!(!catalogue.is_overflowing(None));

    let Admission::Overflow(overflow) = admit(
        &mut catalogue,
        &identity("shop", "x", Kind::Counter, &labels(100)),
    ) else {
        panic!("there are too many");
    };
    assert_eq!(
        admit(
            &mut catalogue,
            &identity("shop", "x", Kind::Counter, &labels(101))
        ),
        Admission::Overflow(overflow)
    );
    let series = catalogue.series(overflow).unwrap();
    assert_eq!(
        catalogue.labels(series).collect::<Vec<_>>(),
        [("overflow", "true")]
    );
    assert!(catalogue.is_overflowing(None) && catalogue.is_overflowing(catalogue.project_id("shop")));
    // What is known goes on, and so does another project, until all have twice as many.
    admitted(&mut catalogue, &identity("shop", "x", Kind::Counter, &labels(5)));
    for number in 0..99 {
        admitted(
            &mut catalogue,
            &identity("blog", "x", Kind::Counter, &labels(number)),
        );
    }
    assert!(!catalogue.is_overflowing(catalogue.project_id("blog")));
    for number in 0..1_000 {
        let name = format!("m{number}");
        assert!(!matches!(
            admit(&mut catalogue, &identity("new", &name, Kind::Gauge, "{}")),
            Admission::Admitted(_)
        ));
    }
    assert_eq!(
        admit(&mut catalogue, &identity("new", "last", Kind::Gauge, "{}")),
        Admission::Refused
    );
    assert!(catalogue.series_count() <= 200 + 110);
}

#[test]
fn a_selector_asks_for_some_of_the_labels() {
    let mut catalogue = Catalogue::default();
    let id = admitted(
        &mut catalogue,
        &identity("shop", "x", Kind::Counter, r#"{"route":"/a","méthode":"GET"}"#),
    );
    let series = catalogue.series(id).unwrap();
    for (selector, fits) in [
        ("", true),
        ("route:/a", true),
        ("route:/a,méthode:GET", true),
        ("route:/b", false),
        ("route:/a,other:x", false),
        ("other:", true),
        ("route:", false),
    ] {
        assert_eq!(
            catalogue.fits(series, &Selector::parse(selector).unwrap()),
            fits,
            "{selector}"
        );
    }
}

#[test]
fn values_are_marked_by_what_they_are() {
    let mut catalogue = Catalogue::default();
    for (name, kind, labels, marking) in [
        (REQUESTS, Kind::Counter, r#"{"status":"503"}"#, Marking::Errors),
        (REQUESTS, Kind::Counter, r#"{"status":"200"}"#, Marking::Nothing),
        (REQUESTS, Kind::Gauge, r#"{"status":"503"}"#, Marking::Nothing),
        (
            "other_total",
            Kind::Counter,
            r#"{"status":"503"}"#,
            Marking::Nothing,
        ),
        (
            "web_vitals_lcp",
            Kind::Histogram,
            "{}",
            Marking::Rated(Vital::Lcp),
        ),
        ("web_vitals_lcp", Kind::Counter, "{}", Marking::Nothing),
    ] {
        let id = admitted(&mut catalogue, &identity("shop", name, kind, labels));
        assert_eq!(catalogue.marking(id), marking, "{name} {labels}");
    }
}

#[test]
fn spellings_are_remembered_in_bounded_room() {
    let mut catalogue = Catalogue::default();
    let id = admitted(&mut catalogue, &identity("shop", "x", Kind::Counter, "{}"));
    for number in 0..MOST_SPELLINGS * 2 {
        let print = catalogue
            .printer
            .spelling("shop", "x", Kind::Counter, &number.to_string());
        catalogue.learn(print, id);
        assert_eq!(catalogue.spelled(print), Some(id));
    }
    assert!(catalogue.by_spelling.len() <= MOST_SPELLINGS);
}
