use outrigger::testing::{CallOptions, TestHost};
use outrigger::{Answer, Emitted, Event, Fetch, Host, NetDenial, PermissionAnswer, Plugin, Response, ServiceError, Value, disable, json};
use std::sync::mpsc;
use std::sync::{Mutex, atomic};
use std::time::Duration;

/// A plugin whose only handler asks the host something and keeps what it heard as state.
fn asks(ask: impl Fn(&Event<Value>) -> Result<Value, ServiceError> + Send + Sync + 'static) -> Plugin {
    Plugin::new().on("test.ask", move |ev: Event<Value>| Ok(Answer::proceed().with_state(ask(&ev)?)))
}

fn heard(host: &TestHost) -> Value {
    host.call("test.ask", json!({})).unwrap()["state"].clone()
}

#[test]
fn storage_keeps_values() {
    let host = TestHost::start(asks(|ev| {
        let storage = ev.storage();
        let before: Option<u32> = storage.get("a")?;
        storage.set("a", before.unwrap_or(0) + 1)?;
        storage.set("b", json!({ "ü": [1] }))?;
        storage.set("other", ())?;
        storage.delete("other")?;
        storage.delete("none")?;
        Ok(json!([before, storage.list("")?, storage.list("b")?, storage.get::<String>("b").unwrap_err().code]))
    }));
    assert_eq!(heard(&host), json!([null, ["a", "b"], ["b"], "INTERNAL_ERROR"]));
    assert_eq!(heard(&host)[0], 1);
    assert_eq!(host.stored()["a"], 2);
}

#[test]
fn secrets_permissions_and_services_are_the_hosts_word() {
    let plugin = asks(|ev| {
        let service: Value = ev.call("app/double", json!({ "n": 4 }))?;
        let refused = ev.call::<Value>("app/none", json!({})).unwrap_err();
        let wish = ev.request_permission(json!({ "net": ["a:443"] }), "for a")?;
        Ok(json!([ev.secret("TOKEN")?, ev.secret("OTHER").unwrap_err().code, service, refused.code, wish]))
    });
    let host = TestHost::build(plugin)
        .secret("TOKEN", "s3")
        .service("app/double", |params| Ok(json!(params["n"].as_i64().unwrap() * 2)))
        .on_permission(|permissions, reason| PermissionAnswer {
            granted: permissions["net"][0] == "a:443" && reason == "for a",
            effective: None,
        })
        .start();
    assert_eq!(heard(&host), json!(["s3", "SECRET_UNKNOWN", 8, "METHOD_UNKNOWN", { "granted": true }]));
}

#[test]
fn the_host_fetches() {
    let plugin = asks(|ev| {
        let request = Fetch::post("https://a.example/x", [0xff, 0]).header("accept", "*/*").secret_header("authorization", "T", "Bearer ");
        let response = ev.fetch(request.timeout(Duration::from_secs(2)).max_bytes(99))?;
        Ok(json!([response.is_ok(), response.status, response.body]))
    });
    let wanted = json!({ "url": "https://a.example/x", "method": "POST", "bodyBase64": "/wA=", "timeoutMs": 2000, "maxBytes": 99,
        "headers": { "accept": "*/*", "authorization": { "secret": "T", "prefix": "Bearer " } } });
    let host = TestHost::build(plugin)
        .on_fetch(move |request| {
            assert_eq!(*request, wanted);
            Ok(Response { status: 404, url: "https://a.example/y".into(), headers: Default::default(), body: vec![0xfe, b'a'] })
        })
        .start();
    assert_eq!(heard(&host), json!([false, 404, [0xfe, b'a']]));
    assert_eq!(
        TestHost::start(asks(|ev| Ok(json!(ev.fetch(Fetch::get("x:")).unwrap_err().code)))).call("test.ask", json!({})).unwrap()["state"],
        "PERMISSION_DENIED"
    );
}

#[test]
fn events_are_emitted_inside_the_event() {
    let plugin = asks(|ev| Ok(json!(ev.emit("app.saved", json!({ "n": 1 }))?)));
    let host = TestHost::build(plugin)
        .on_emit(|_, payload| Emitted { status: "blocked".into(), payload: payload.clone(), ..Default::default() })
        .start();
    assert_eq!(heard(&host), json!({ "event": "emitted-1", "status": "blocked", "payload": { "n": 1 } }));
    assert_eq!(host.emitted()[0].hook, "app.saved");
}

#[test]
fn setup_may_ask_fail_or_decline() {
    let start = |setup: fn(&Host) -> Result<(), outrigger::Error>| {
        TestHost::build(Plugin::new().setup(setup)).config(json!({ "n": 1 })).try_start()
    };
    let host = start(|host| Ok(host.storage().set("config", host.config::<Value>()?)?)).ok().unwrap();
    assert_eq!(host.stored()["config"], json!({ "n": 1 }));
    assert_eq!(start(|_| Err(disable(" needs git "))).err().unwrap().to_string(), "the plugin declined: needs git");
    assert!(start(|_| panic!("oh")).err().unwrap().to_string().contains("oh"));
    assert!(start(|host| host.config::<u8>().map(drop)).err().unwrap().to_string().contains("Cannot read the configuration as u8"));
}

#[test]
fn configuration_and_denials_reach_the_plugin() {
    let plugin = asks(|ev| Ok(ev.config().unwrap()))
        .config_changed(|host| {
            host.log().with("config", host.config::<Value>()?).info("changed");
            Err("not so".into())
        })
        .net_denied(|host, denial| {
            host.log().warn(format!("{}: {}", denial.host, denial.reason));
            Ok(())
        });
    let host = TestHost::start(plugin);
    host.change_config(json!({ "n": 2 }));
    host.deny_net(NetDenial { host: "a.example".into(), port: None, reason: "not granted".into() });
    assert_eq!(heard(&host), json!({ "n": 2 }));
    let messages: Vec<_> = host.logs().into_iter().map(|record| record.message).collect();
    assert_eq!(messages, ["changed", "config_changed failed: not so", "a.example: not granted"]);
}

#[test]
fn shutdown_waits_for_what_is_in_flight_and_takes_no_more() {
    static IS_DONE: atomic::AtomicBool = atomic::AtomicBool::new(false);
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let plugin = asks(move |_| {
        released.lock().unwrap().recv_timeout(Duration::from_secs(10)).unwrap();
        IS_DONE.store(true, atomic::Ordering::SeqCst);
        Ok(json!(1))
    })
    .shutdown(|host| {
        host.log().info(format!("done: {}", IS_DONE.load(atomic::Ordering::SeqCst)));
        Ok(())
    });
    let host = TestHost::start(plugin);
    let pending = host.begin("test.ask", json!({}), CallOptions::default());
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| host.shutdown());
        while host.call("test.other", json!({})).is_ok() {}
        assert_eq!(host.call("test.ask", json!({})).unwrap_err().code, "PLUGIN_STOPPED");
        release.send(()).unwrap();
        assert_eq!(stopping.join().unwrap(), Ok(()));
    });
    assert_eq!(pending.answer().unwrap()["state"], 1);
    assert_eq!(host.logs()[0].message, "done: true");
}
