use outrigger::conda::{PRE_COMMAND_HOOK, PreCommand};
use outrigger::testing::{CallOptions, TestHost};
use outrigger::{Answer, Error, Event, EventContext, Outcome, Plugin, RawValue, Severity, Value, json};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

fn with(handler: impl Fn(Event<PreCommand>) -> Result<Answer, Error> + Send + Sync + 'static) -> TestHost {
    TestHost::start(Plugin::new().on(PRE_COMMAND_HOOK, handler))
}

fn call(host: &TestHost) -> Result<Value, outrigger::ServiceError> {
    host.call(PRE_COMMAND_HOOK, json!({ "command": "ls", "args": [] }))
}

#[test]
fn answers_cross_as_the_host_reads_them() {
    let cases: Vec<(fn() -> Answer, Value)> = vec![
        (Answer::proceed, json!({})),
        (|| Answer::proceed().with_state(json!({ "n": 1 })), json!({ "state": { "n": 1 } })),
        (|| Answer::proceed().with_state(()), json!({ "state": null })),
        (|| Answer::proceed().with_metadata(json!({ "a": true })), json!({ "metadata": { "a": true } })),
        (|| Answer::modify(json!({ "cwd": null })), json!({ "action": "modify", "changes": { "cwd": null } })),
        (|| Answer::block("no", "Not so"), json!({ "action": "block", "violation": { "code": "no", "reason": "Not so" } })),
        (|| Answer::replace([1, 2]), json!({ "action": "replace", "value": [1, 2] })),
        (
            || {
                let answer = Answer::block("c", "r").with_severity(Severity::Warning).with_details(json!({ "n": 1 }));
                answer.with_description("more").with_retry_after(Duration::from_millis(1500))
            },
            json!({ "action": "block", "retryAfterMs": 1500.0,
                "violation": { "code": "c", "reason": "r", "description": "more", "details": { "n": 1 }, "severity": "warning" } }),
        ),
    ];
    for (make, want) in cases {
        assert_eq!(call(&with(move |_| Ok(make()))).unwrap(), want);
    }
}

#[test]
fn answers_the_host_would_refuse_are_errors() {
    let cases: [fn() -> Answer; 4] =
        [|| Answer::modify([1]), || Answer::modify(()), || Answer::block("", "why"), || Answer::proceed().with_metadata(1)];
    for make in cases {
        assert_eq!(call(&with(move |_| Ok(make()))).unwrap_err().number, -32603);
    }
}

#[test]
fn an_event_carries_what_the_host_sent() {
    let plugin = Plugin::new().on(PRE_COMMAND_HOOK, |ev: Event<PreCommand>| {
        let state: Option<Value> = ev.state()?;
        let config: Value = ev.config()?;
        let is_timed = ev.deadline().is_some() && ev.remaining() <= Duration::from_secs(1);
        Ok(Answer::proceed().with_state(json!([
            ev.hook,
            ev.context.operation,
            ev.attempt,
            state,
            config["name"],
            is_timed,
            ev.payload.args
        ])))
    });
    let host = TestHost::build(plugin).config(json!({ "name": "ü€😀" })).start();
    let context = EventContext { operation: Some("op".into()), ..Default::default() };
    let options = CallOptions { context, state: Some(json!({ "n": 7 })), deadline: Duration::from_secs(1), attempt: 2 };
    let answer = host.call_with(PRE_COMMAND_HOOK, PreCommand { args: vec!["-l".into()], ..Default::default() }, options);
    assert_eq!(answer.unwrap()["state"], json!(["conda.pre_command", "op", 2, { "n": 7 }, "ü€😀", true, ["-l"]]));
}

#[test]
fn failures_of_a_handler_are_error_answers_with_a_stack_in_the_log() {
    let host = with(|ev| match ev.payload.cwd.as_deref() {
        Some("panic") => panic!("oh {}", "no"),
        Some("index") => Ok(Answer::proceed().with_state([1][ev.payload.args.len()])),
        _ => Err("did not work".into()),
    });
    let fail = |cwd| host.call(PRE_COMMAND_HOOK, json!({ "command": "", "args": ["a", "b"], "cwd": cwd })).unwrap_err();
    assert!(fail("panic").message.ends_with(": oh no"));
    assert!(fail("index").message.contains("out of bounds"));
    assert_eq!(fail("error").message, "did not work");
    let logs = host.logs();
    assert_eq!(logs[2].message, "handler of conda.pre_command failed: did not work");
    assert_eq!((logs[2].level.as_str(), logs[2].event.as_deref()), ("error", Some("event-3")));
    assert!(logs[0].fields["location"].as_str().unwrap().starts_with("tests/handlers.rs:"));
    assert!(logs[0].fields["stack"].as_str().unwrap().contains("catch"));
    assert!(call(&host).is_err(), "the plugin lives on");
}

#[test]
fn a_payload_of_another_shape_fails_that_event_only() {
    let host = with(|_| Ok(Answer::proceed()));
    let error = host.call(PRE_COMMAND_HOOK, json!({ "command": 1 })).unwrap_err();
    assert_eq!((error.code.as_str(), error.number), ("PARAMS_INVALID", -32602));
    assert!(error.message.contains("PreCommand"), "{error}");
    assert_eq!(call(&host).unwrap(), json!({}));
}

#[test]
fn payloads_survive_as_they_came() {
    let plugin = Plugin::new()
        .on("test.value", |ev: Event<Value>| Ok(Answer::proceed().with_state(ev.payload)))
        .on("test.raw", |ev: Event<Box<RawValue>>| Ok(Answer::proceed().with_state(ev.payload.get())));
    let host = TestHost::start(plugin);
    let deep = (0..250).fold(json!(1), |inner, _| json!([inner]));
    for payload in [json!({ "ü": "€😀\u{0}\u{2028}" }), json!({ "n": [u64::MAX, i64::MIN, 1e300, 0.1, 5e-324] }), json!({ "deep": deep })]
    {
        assert_eq!(host.call("test.value", &payload).unwrap()["state"], payload);
    }
    let long = RawValue::from_string(r#"{"n":123456789012345678901234567890.5,"s":"\ud800"}"#.into()).unwrap();
    assert_eq!(host.call("test.raw", json!({ "a": 1 })).unwrap()["state"], r#"{"a":1}"#);
    assert!(long.get().contains("\\ud800"));
}

#[test]
fn an_unknown_hook_point_goes_on_and_one_without_handler_is_named() {
    let host = TestHost::build(Plugin::new().on("a.b", |_: Event<Value>| Ok(Answer::proceed()))).hooks(&["a.b", "a.c"]).start();
    assert_eq!(host.call("a.c", json!({})).unwrap(), json!({}));
    assert_eq!(host.logs()[0].message, "no handler for a.c, which the manifest subscribes to; there are handlers for: a.b");
}

#[test]
fn notifications_carry_the_outcome() {
    let host = with(|ev| {
        ev.log().with("deadline", ev.deadline().is_some()).info(&ev.outcome.as_ref().unwrap().status);
        Ok(Answer::proceed())
    });
    host.notify(PRE_COMMAND_HOOK, json!({ "command": "ls", "args": [] }), Outcome { status: "blocked".into(), ..Default::default() });
    assert_eq!(host.logs()[0].message, "blocked");
    assert_eq!(host.logs()[0].fields["deadline"], false);
}

#[test]
fn cancellation_and_deadline_reach_the_handler() {
    let (entered, is_entered) = mpsc::channel();
    let entered = Mutex::new(entered);
    let host = with(move |ev| {
        entered.lock().unwrap().send(())?;
        let failed = ev.cancellation().sleep(Duration::from_secs(60)).unwrap_err();
        ev.cancellation().check().unwrap_err();
        Err(failed.into())
    });
    let pending = host.begin(PRE_COMMAND_HOOK, json!({}), CallOptions::default());
    is_entered.recv().unwrap();
    pending.cancel();
    assert_eq!(pending.answer().unwrap_err().number, -32800);
    let short = CallOptions { deadline: Duration::from_millis(1), ..Default::default() };
    assert_eq!(host.call_with(PRE_COMMAND_HOOK, json!({}), short).unwrap_err().number, -32800);
    assert_eq!(host.logs(), []);
}

#[test]
fn progress_moves_the_deadline() {
    let host = with(|ev| {
        let before = ev.deadline();
        while ev.deadline() <= before {
            ev.progress("half", Some(150.0));
        }
        Ok(Answer::proceed())
    });
    call(&host).unwrap();
    let progress = &host.progress()[0];
    assert_eq!((progress.message.as_deref(), progress.percentage, progress.event.as_str()), (Some("half"), Some(100.0), "event-1"));
}

#[test]
fn several_events_are_in_flight() {
    let together = Arc::new(Barrier::new(40));
    let host = with(move |_| {
        together.wait();
        Ok(Answer::proceed())
    });
    let pending: Vec<_> = (0..40).map(|_| host.begin(PRE_COMMAND_HOOK, json!({}), CallOptions::default())).collect();
    assert!(pending.into_iter().all(|call| call.answer().is_ok()));
}

#[test]
#[should_panic(expected = "it has a handler already")]
fn a_hook_point_has_one_handler() {
    let _ = Plugin::new().on("a.b", |_: Event<Value>| Ok(Answer::proceed())).on("a.b", |_: Event<Value>| Ok(Answer::proceed()));
}
