use super::hello;
use outrigger::{Plugin, conda::PreCommand, json, testing::TestHost};

#[test]
fn hello_says_hello_in_the_log_and_sets_hello_rust() {
    let host = TestHost::start(Plugin::new().on("conda.pre_command", hello));

    let answer = host.call("conda.pre_command", PreCommand { command: "ls".into(), ..Default::default() });

    assert_eq!(answer.unwrap()["changes"], json!({ "env": { "HELLO_RUST": "from Rust" } }));
    assert_eq!(host.logs()[0].message, "Hello from Rust, ls is about to run");
}
