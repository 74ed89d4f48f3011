//! Recorded stacks, unminified, against what the same browser says of the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use browser_relay::unminify::{FrameReport, Unminified, unminify};
use serde::Deserialize;

use crate::bundles::{Bundle, ROOT, folder};

/// Where the scripts of the recorded stacks are from.
const SITE: &str = "https://shop.example/";

#[derive(Deserialize)]
struct Recording {
    /// By failure.
    expected: BTreeMap<String, Vec<Expected>>,
    /// By bundle and failure, line by line.
    stacks: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// A frame of the sources.
#[derive(Deserialize)]
struct Expected {
    file: String,
    line: u32,
    /// Firefox has none of code that eval made.
    column: Option<u32>,
    function: Option<String>,
}

impl Recording {
    fn of(browser: &str) -> Self {
        let text = fs::read_to_string(folder().join(format!("stacks/{browser}.json"))).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn unminified(&self, bundle: &str, failure: &str) -> Unminified<'static> {
        let stack = self.stacks[bundle][failure].join("\n");
        let unminified = unminify(&stack, |url| {
            let bundle = url.strip_prefix(SITE).and_then(Bundle::read);
            bundle
                .map(Bundle::stored)
                .ok_or_else(|| format!("no map for {url}"))
        });
        unminified.into_owned()
    }

    /// Each frame that has a position, of each bundle, with what it must become.
    fn each(&self, mut check: impl FnMut(&str, &str, &FrameReport<'_>, &Expected)) {
        for (bundle, stacks) in &self.stacks {
            // These are what the others are held against.
            if bundle == "sources" {
                continue;
            }
            for failure in stacks.keys() {
                // A file of several bundles fails several times in one way.
                let expected = &self.expected[failure.trim_end_matches(" again")];
                let expected = expected.iter().filter(|frame| frame.column.is_some());
                let unminified = self.unminified(bundle, failure);
                let frames = unminified
                    .frames
                    .iter()
                    .filter(|frame| frame.unresolved.is_none());
                let pairs: Vec<_> = frames.zip(expected.clone()).collect();
                let shown =
                    unminified.stack.matches(".ts:").count() + unminified.stack.matches("index.js:").count();
                assert_eq!(
                    (pairs.len(), shown),
                    (expected.count(), pairs.len()),
                    "{bundle} {failure}"
                );
                for (frame, expected) in pairs {
                    check(bundle, failure, frame, expected);
                }
            }
        }
    }
}

fn path<'a>(frame: &'a FrameReport<'_>) -> &'a str {
    frame.file.strip_prefix(ROOT).unwrap_or(&frame.file)
}

/// The function without what engines put around it: `Cart.entries`, `get total`, `total/<`.
fn word(function: Option<&str>) -> &str {
    let plain = function.unwrap_or("").trim_end_matches(['/', '<']);
    let word = plain.rsplit(['.', ' ', '/']).next().unwrap_or("");
    if word.is_empty() { "nothing" } else { word }
}

#[test]
fn every_frame_is_in_its_file_and_line() {
    let mut differences = String::new();
    for browser in ["chromium", "firefox", "webkit"] {
        Recording::of(browser).each(|bundle, failure, frame, expected| {
            let found = format!("{}:{}", path(frame), frame.line.unwrap());
            let wanted = format!("{}:{}", expected.file, expected.line);
            if found != wanted {
                writeln!(differences, "{browser} {bundle} {failure}: {found} for {wanted}").unwrap();
            }
            assert_eq!(frame.in_app, !expected.file.starts_with("node_modules/"));
        });
    }

    // terser makes one expression of two statements, and has no token where the second one awaits.
    insta::assert_snapshot!(differences, @r#"
    chromium terser rejection: src/checkout.ts:20 for src/checkout.ts:21
    chromium webpack rejection: src/checkout.ts:20 for src/checkout.ts:21
    "#);
}

#[test]
fn every_frame_of_chromium_is_in_its_column() {
    let mut differences = BTreeSet::new();
    Recording::of("chromium").each(|bundle, _, frame, expected| {
        if (frame.line, frame.column) != (Some(expected.line), expected.column) {
            let (file, line, column) = (&expected.file, expected.line, expected.column.unwrap());
            let found = format!("{}:{}", frame.line.unwrap(), frame.column.unwrap());
            differences.insert(format!("{bundle}: {found} for {file}:{line}:{column}"));
        }
    });
    let differences = Vec::from_iter(differences).join("\n");

    // Besides that: for `(0, eval)(` and Oxc's `new` the maps have no token where the engine has the place.
    insta::assert_snapshot!(differences, @r#"
    esbuild-names: 7:24 for src/coupon.ts:7:29
    esbuild-no-content: 7:24 for src/coupon.ts:7:29
    esbuild: 7:24 for src/coupon.ts:7:29
    sections: 23:15 for node_modules/@shop/money/index.js:23:11
    sections: 7:24 for src/coupon.ts:7:29
    terser: 20:17 for src/checkout.ts:21:3
    terser: 7:24 for src/coupon.ts:7:29
    vite: 23:15 for node_modules/@shop/money/index.js:23:11
    vite: 7:24 for src/coupon.ts:7:29
    webpack: 20:17 for src/checkout.ts:21:3
    webpack: 7:24 for src/coupon.ts:7:29
    "#);
}

#[test]
fn functions_have_the_names_of_the_source_as_far_as_they_can_be_known() {
    let mut table = String::new();
    for browser in ["chromium", "firefox", "webkit"] {
        let mut rows: BTreeMap<String, (u32, u32, BTreeSet<String>)> = BTreeMap::new();
        Recording::of(browser).each(|bundle, _, frame, expected| {
            let (right, all, others) = rows.entry(bundle.to_owned()).or_default();
            let (found, wanted) = (
                word(frame.function.as_deref()),
                word(expected.function.as_deref()),
            );
            *all += 1;
            if found == wanted {
                *right += 1;
            } else {
                others.insert(format!("{found} for {wanted}"));
            }
        });
        for (bundle, (right, all, others)) in rows {
            let others = Vec::from_iter(others).join(", ");
            writeln!(table, "{browser} {bundle} {right}/{all}: {others}").unwrap();
        }
    }

    // What is left: outermost functions, whose name no call tells; functions inlined by terser, or called by a built-in
    // function; tail calls, of which WebKit forgets the caller; a closure that has the name of the parameter it is called
    // by; and, without the text of the sources, what the map says alone.
    insta::assert_snapshot!(table, @r#"
    chromium esbuild 26/28: h for placeOrder, sign for nothing
    chromium esbuild-names 27/28: sign for nothing
    chromium esbuild-no-content 20/28: C for charge, checkOut for deep, discounted for eval, h for placeOrder, i for Receipt, o for Order, show for closure, sign for nothing
    chromium page 1/2: m for onOrder
    chromium sections 53/58: d for placeOrder, h for placeOrder, m for onOrder, sign for nothing
    chromium terser 25/28: forEach for nothing, nothing for charge, sign for nothing
    chromium vite 26/28: d for placeOrder, sign for nothing
    chromium webpack 24/28: forEach for nothing, nothing for charge, nothing for placeOrder, sign for nothing
    firefox esbuild 25/27: C for charge, sign for signedBy
    firefox esbuild-names 25/27: E for charge, sign for signedBy
    firefox esbuild-no-content 18/27: checkOut for deep, discounted for eval, event for handler, i for Receipt, o for Order, order for charge, show for closure, sign for signedBy, u for UnknownArticle
    firefox page 1/2: m for onOrder
    firefox sections 51/56: C for charge, m for onOrder, p for charge, sign for signedBy
    firefox terser 26/27: placeOrder for charge
    firefox vite 25/27: p for charge, sign for signedBy
    firefox webpack 24/27: eval for discounted, rejection for charge, sign for signedBy
    webkit esbuild 18/22: C for charge, c for multiply, d for share, sign for nothing
    webkit esbuild-names 13/22: E for charge, a for multiply, l for share, nothing for closure, nothing for deep, nothing for eval, nothing for generator, nothing for handler, sign for nothing
    webkit esbuild-no-content 17/22: C for charge, c for multiply, cart for total, d for share, sign for nothing
    webkit page 1/2: m for onOrder
    webkit sections 37/46: C for charge, c for multiply, d for share, m for onOrder, n for share, p for charge, sign for nothing, t for multiply
    webkit terser 20/22: nothing for charge, sign for nothing
    webkit vite 18/22: n for share, p for charge, sign for nothing, t for multiply
    webkit webpack 18/22: nothing for charge, nothing for share, sign for nothing, t for multiply
    "#);
}

#[test]
fn a_stack_of_esbuild_is_written_anew() {
    let stack = Recording::of("chromium").unminified("esbuild", "deep").stack;

    insta::assert_snapshot!(stack, @r#"
    RangeError: not a count: 0.5
        at requireCount (node_modules/@shop/money/index.js:23:11)
        at multiply (node_modules/@shop/money/index.js:8:3)
        at priceOfLine (src/cart.ts:32:10)
        at src/cart.ts:20:38
        at Array.map (<anonymous>)
        at get total (src/cart.ts:20:24)
        at new Order (src/checkout.ts:14:23)
        at checkOut (src/main.ts:49:17)
        at HTMLButtonElement.deep (src/main.ts:12:5)
    "#);
}

#[test]
fn a_stack_of_esbuild_with_names_is_written_anew() {
    let stack = Recording::of("chromium")
        .unminified("esbuild-names", "generator")
        .stack;

    insta::assert_snapshot!(stack, @r#"
    UnknownArticle: 📦「さくら 🌸」 は存在しません 🙇
        at priceOf (https://code.example/src/prices.ts:17:59)
        at priceOfLine (https://code.example/src/cart.ts:31:17)
        at Cart.entries (https://code.example/src/cart.ts:25:28)
        at entries.next (<anonymous>)
        at Array.from (<anonymous>)
        at new Receipt (https://code.example/src/receipt.ts:10:25)
        at HTMLButtonElement.generator (https://code.example/src/main.ts:24:10)
    "#);
}

#[test]
fn a_stack_of_vite_is_written_anew() {
    let stack = Recording::of("chromium").unminified("vite", "deep").stack;

    insta::assert_snapshot!(stack, @r#"
    RangeError: not a count: 0.5
        at requireCount (node_modules/@shop/money/index.js:23:15)
        at multiply (node_modules/@shop/money/index.js:8:3)
        at priceOfLine (src/cart.ts:32:10)
        at src/cart.ts:20:38
        at Array.map (<anonymous>)
        at get total (src/cart.ts:20:24)
        at new Order (src/checkout.ts:14:23)
        at checkOut (src/main.ts:49:17)
        at HTMLButtonElement.deep (src/main.ts:12:5)
    "#);
}

#[test]
fn a_stack_of_webpack_is_written_anew() {
    let stack = Recording::of("chromium").unminified("webpack", "deep").stack;

    insta::assert_snapshot!(stack, @r#"
    RangeError: not a count: 0.5
        at requireCount (node_modules/@shop/money/index.js:23:11)
        at multiply (node_modules/@shop/money/index.js:8:3)
        at priceOfLine (src/cart.ts:32:10)
        at src/cart.ts:20:38
        at Array.map (<anonymous>)
        at get total (src/cart.ts:20:24)
        at new Order (src/checkout.ts:14:23)
        at checkOut (src/main.ts:49:17)
        at HTMLButtonElement.deep (src/main.ts:12:5)
    "#);
}

#[test]
fn a_stack_through_the_maps_of_several_modules_is_written_anew() {
    let stack = Recording::of("chromium").unminified("terser", "deep").stack;

    insta::assert_snapshot!(stack, @r#"
    RangeError: not a count: 0.5
        at requireCount (node_modules/@shop/money/index.js:23:11)
        at multiply (node_modules/@shop/money/index.js:8:3)
        at priceOfLine (src/cart.ts:32:10)
        at src/cart.ts:20:38
        at Array.map (<anonymous>)
        at get total (src/cart.ts:20:24)
        at new Order (src/checkout.ts:14:23)
        at checkOut (src/main.ts:49:17)
        at HTMLButtonElement.deep (src/main.ts:12:5)
    "#);
}

#[test]
fn a_stack_through_the_sections_of_an_index_map_is_written_anew() {
    let recording = Recording::of("chromium");
    let stacks =
        ["order", "eval", "eval again"].map(|failure| recording.unminified("sections", failure).stack);

    insta::assert_snapshot!(stacks.join("\n\n"), @r#"
    TypeError: 「tea 🍵、パン」 cannot be paid 💳
        at pay (page/basket.ts:10:67)
        at HTMLButtonElement.m (page/page.ts:10:10)

    TypeError: cents.minus is not a function
        at eval (src/coupon.ts:7:24)
        at apply (src/coupon.ts:13:17)
        at discounted (src/coupon.ts:8:17)
        at HTMLButtonElement.eval (src/main.ts:34:5)

    TypeError: cents.minus is not a function
        at eval (src/coupon.ts:7:24)
        at apply (src/coupon.ts:13:17)
        at discounted (src/coupon.ts:8:17)
        at HTMLButtonElement.eval (src/main.ts:34:5)
    "#);
}

#[test]
fn a_stack_of_firefox_is_written_anew() {
    let recording = Recording::of("firefox");
    let stacks = ["deep", "eval"].map(|failure| recording.unminified("webpack", failure).stack);

    insta::assert_snapshot!(stacks.join("\n"), @r#"
    requireCount@node_modules/@shop/money/index.js:23:11
    multiply@node_modules/@shop/money/index.js:8:3
    priceOfLine@src/cart.ts:32:10
    get total/<@src/cart.ts:20:38
    get total@src/cart.ts:20:24
    Order@src/checkout.ts:14:5
    checkOut@src/main.ts:49:17
    deep@src/main.ts:12:5

    @https://shop.example/webpack/shop.js line 1 > eval:1:18
    apply@src/coupon.ts:13:17
    eval/<@src/coupon.ts:8:17
    eval@src/main.ts:34:5
    "#);
}

#[test]
fn a_stack_of_safari_is_written_anew() {
    let recording = Recording::of("webkit");
    let stacks = ["deep", "generator"].map(|failure| recording.unminified("vite", failure).stack);

    insta::assert_snapshot!(stacks.join("\n\n"), @r#"
    requireCount@node_modules/@shop/money/index.js:23:15
    t@node_modules/@shop/money/index.js:8:3
    map@[native code]
    total@src/cart.ts:20:24
    Order@src/checkout.ts:14:18
    checkOut@src/main.ts:49:21
    deep@src/main.ts:12:5
    click@[native code]

    o@
    priceOf@src/prices.ts:17:63
    priceOfLine@src/cart.ts:31:17
    entries@src/cart.ts:25:28
    from@[native code]
    Receipt@src/receipt.ts:10:25
    generator@src/main.ts:24:14
    click@[native code]
    "#);
}

#[test]
fn a_frame_is_reported_with_its_lines() {
    let frames = Recording::of("chromium").unminified("vite", "generator").frames;

    insta::assert_json_snapshot!(frames[0], @r#"
    {
      "file": "src/prices.ts",
      "line": 17,
      "column": 59,
      "function": "priceOf",
      "source": "../../src/prices.ts",
      "in_app": true,
      "pre_context": [
        "}",
        "",
        "export function priceOf(article: string): Money {",
        "  const cents = PRICES.get(article);",
        "  if (cents === undefined) {"
      ],
      "context_line": "    /* 価格なし 💴💴 */ const label = `📦「${article}」`; throw new UnknownArticle(`${label} は存在しません 🙇`);",
      "post_context": [
        "  }",
        "  return { cents };",
        "}"
      ]
    }
    "#);
}
