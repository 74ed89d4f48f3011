//! What can be asked of the bench.

use anyhow::Result;

use crate::soak::Options;
use crate::{browser_relay, echo, error_tracker, http_limit, log_viewer, metrics_collector, soak};

pub(crate) const USAGE: &str = "\
bench error-tracker --binary PATH [--quick]   figures of the error tracker; --quick: one short round
bench log-viewer --binary PATH [--quick|--large]
                                              figures of the log viewer; --quick: 100 000 lines and one round;
                                              --large: 10 000 000 lines and one round
bench metrics-collector --binary PATH [--quick]
                                              figures of the metrics collector; --quick: one short round
bench browser-relay --binary PATH [--quick]   figures of the browser relay, with the error tracker and the metrics
                                              collector that lie beside it; --quick: one short round
bench soak --binaries DIR [--minutes N] [--limit-mb N] [--chart FILE.svg]
                                              all four for 30 minutes of mixed load under a memory limit of 30 MB
                                              each, and a chart of their memory; takes root
bench generator                               what the load generator itself costs
bench echo                                    the HTTP limit: a bare server on LISTEN
bench decode                                  the limit for points: the same, and each body is decoded";

/// `None` when the arguments make no sense.
pub(crate) fn run(arguments: &[String]) -> Option<Result<()>> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Some(match arguments[..] {
        ["error-tracker", "--binary", binary] => error_tracker::measure(binary, false),
        ["error-tracker", "--binary", binary, "--quick"] => error_tracker::measure(binary, true),
        ["log-viewer", "--binary", binary] => log_viewer::measure(binary, &log_viewer::FULL),
        ["log-viewer", "--binary", binary, "--quick"] => log_viewer::measure(binary, &log_viewer::QUICK),
        ["log-viewer", "--binary", binary, "--large"] => log_viewer::measure(binary, &log_viewer::LARGE),
        ["generator"] => http_limit::print(),
        ["metrics-collector", "--binary", binary] => {
            metrics_collector::measure(binary, &metrics_collector::FULL)
        }
        ["metrics-collector", "--binary", binary, "--quick"] => {
            metrics_collector::measure(binary, &metrics_collector::QUICK)
        }
        ["browser-relay", "--binary", binary] => browser_relay::measure(binary, &browser_relay::FULL),
        ["browser-relay", "--binary", binary, "--quick"] => {
            browser_relay::measure(binary, &browser_relay::QUICK)
        }
        ["soak", ref rest @ ..] => soak::measure(&Options::parse(rest)?),
        ["echo"] => echo::serve(|_| {}),
        ["decode"] => echo::serve(metrics_collector::decode),
        _ => return None,
    })
}
