use outrigger::{Answer, Error, Event, Plugin, json};
use serde::Deserialize;

/// What the manifest's configSchema describes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    allowed: Vec<String>,
    allow_control_flow: bool,
}

/// What is needed of `mellea.tool_pre_invoke`.
#[derive(Deserialize)]
struct ToolPreInvoke {
    model_tool_call: ToolCall,
    tool_name: Option<String>,
    is_control_flow: Option<bool>,
}

#[derive(Deserialize)]
struct ToolCall {
    name: String,
}

fn main() {
    Plugin::new().on("mellea.tool_pre_invoke", check).serve();
}

fn check(ev: Event<ToolPreInvoke>) -> Result<Answer, Error> {
    let config: Config = ev.config()?;
    let call = &ev.payload;
    if config.allow_control_flow && call.is_control_flow == Some(true) {
        return Ok(Answer::proceed());
    }
    // The name may stand twice; neither can hide the other.
    let names = [Some(&call.model_tool_call.name), call.tool_name.as_ref()];
    let Some(tool) = names.into_iter().flatten().find(|name| !config.allowed.contains(name)) else {
        return Ok(Answer::proceed());
    };
    let details = json!({ "tool": tool, "allowed": config.allowed });
    Ok(Answer::block("TOOL_NOT_ALLOWED", format!("The tool {tool:?} is not on the list")).with_details(details))
}

#[cfg(test)]
mod tests;
