use super::check;
use outrigger::{Plugin, json, testing::TestHost};

#[test]
fn check_blocks_what_is_not_on_the_list() {
    let config = json!({ "allowed": ["search"], "allowControlFlow": false });
    let host = TestHost::build(Plugin::new().on("mellea.tool_pre_invoke", check)).config(config).start();
    let call = |name: &str| host.call("mellea.tool_pre_invoke", json!({ "model_tool_call": { "name": name, "args": {} } })).unwrap();

    assert_eq!(call("search"), json!({}));
    assert_eq!(
        call("Search")["violation"],
        json!({
            "code": "TOOL_NOT_ALLOWED",
            "reason": "The tool \"Search\" is not on the list",
            "details": { "tool": "Search", "allowed": ["search"] },
        })
    );
}
