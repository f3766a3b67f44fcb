/** Own fields of a hook's payload, and those of them that a plugin may change. */
interface HookFields {
  readonly fields: readonly string[];
  readonly writable: readonly string[];
}

function hook(fields: string, writable = ''): HookFields {
  const split = (text: string) => text.split(' ').filter(Boolean);
  return { fields: split(fields), writable: split(writable) };
}

const ADAPTER = hook('adapter_name backend_name');

/** The 27 hooks of Mellea's specification. */
export const SPECIFIED: Readonly<Record<string, HookFields>> = {
  session_pre_init: hook(
    'backend_name model_id model_options backend_kwargs context_type',
    'backend_name model_id model_options backend_kwargs',
  ),
  session_post_init: hook('backend context logger'),
  session_reset: hook('previous_context new_context'),
  session_cleanup: hook('context total_generations total_tokens_used interaction_count'),
  component_pre_create: hook(
    'component_type description images requirements icl_examples grounding_context user_variables prefix template_id',
    'description images requirements icl_examples grounding_context user_variables prefix template_id',
  ),
  component_post_create: hook('component_type component template_repr', 'component'),
  component_pre_execute: hook(
    'component_type action context context_view requirements model_options format strategy tool_calls_enabled',
    'action context context_view requirements model_options format strategy tool_calls_enabled',
  ),
  component_post_success: hook(
    'component_type action result context_before context_after generate_log sampling_results latency_ms',
    'result',
  ),
  component_post_error: hook('component_type action error error_type stack_trace context model_options'),
  generation_pre_call: hook(
    'action context linearized_context formatted_prompt model_options tools format estimated_tokens',
    'model_options tools format formatted_prompt',
  ),
  generation_post_call: hook(
    'prompt raw_response processed_output model_output token_usage latency_ms finish_reason',
    'processed_output model_output',
  ),
  generation_stream_chunk: hook('chunk accumulated chunk_index is_final', 'chunk accumulated'),
  validation_pre_check: hook('requirements target context model_options', 'requirements model_options'),
  validation_post_check: hook('requirements results all_passed passed_count failed_count generate_logs', 'results all_passed'),
  sampling_loop_start: hook('strategy_name action context requirements loop_budget', 'loop_budget'),
  sampling_iteration: hook('iteration action result validation_results all_valid valid_count total_count'),
  sampling_repair: hook(
    'repair_type failed_action failed_result failed_validations old_context new_context repair_action repair_context repair_iteration',
    'repair_action repair_context',
  ),
  sampling_loop_end: hook(
    'success iterations_used final_result final_action final_context failure_reason all_results all_validations',
    'final_result',
  ),
  tool_pre_invoke: hook('tool_name tool_args tool_callable model_tool_call', 'tool_args'),
  tool_post_invoke: hook('tool_name tool_args tool_output tool_message execution_time_ms success error', 'tool_output'),
  adapter_pre_load: hook('adapter_name backend_name adapter_config'),
  adapter_post_load: hook('adapter_name backend_name adapter_config load_duration_ms'),
  adapter_pre_unload: ADAPTER,
  adapter_post_unload: hook('adapter_name backend_name unload_duration_ms'),
  context_update: hook('previous_context new_data resulting_context context_type change_type'),
  context_prune: hook('context_before context_after pruned_items reason tokens_freed'),
  error_occurred: hook('error error_type error_location recoverable context action stack_trace'),
};

/** The 27 hooks that Mellea 0.8 has. */
export const SHIPPED: Readonly<Record<string, HookFields>> = {
  session_pre_init: hook('backend_name model_id model_options context_type', 'model_id model_options'),
  session_post_init: hook('session_id model_id context'),
  session_reset: hook('previous_context'),
  session_cleanup: hook('context interaction_count exception'),
  component_pre_execute: hook(
    'action_id component_type action context_view requirements model_options format strategy tool_calls_enabled',
    'requirements model_options format strategy tool_calls_enabled',
  ),
  component_post_success: hook(
    'action_id component_type action result context_before context_after generate_log sampling_results sampling_success latency_ms',
  ),
  component_post_error: hook('action_id component_type action error error_type stack_trace context model_options'),
  generation_pre_call: hook(
    'action context model_options format tool_calls generation_id model provider',
    'model_options format tool_calls',
  ),
  generation_post_call: hook('prompt model_output latency_ms generation_id'),
  generation_error: hook('exception model_output generation_id latency_ms'),
  generation_batch_pre_call: hook(
    'actions generation_id model_options format tool_calls num_actions model provider',
    'model_options format tool_calls',
  ),
  generation_batch_post_call: hook('generation_id model_outputs usage model provider latency_ms'),
  generation_batch_error: hook('generation_id exception model provider latency_ms'),
  generation_event: hook('generation_id event_name model provider data'),
  validation_pre_check: hook('validation_id requirements target context model_options', 'requirements model_options'),
  validation_post_check: hook(
    'validation_id requirements results all_validations_passed passed_count failed_count exception',
    'results all_validations_passed',
  ),
  sampling_loop_start: hook('sampling_id strategy_name action context requirements loop_budget', 'loop_budget'),
  sampling_iteration: hook(
    'sampling_id strategy_name iteration action result validation_results all_validations_passed valid_count total_count',
  ),
  sampling_repair: hook(
    'sampling_id repair_type failed_action failed_result failed_validations repair_action repair_context repair_iteration',
  ),
  sampling_loop_end: hook(
    'sampling_id strategy_name success iterations_used final_result final_action final_context failure_reason exception all_results all_validations',
  ),
  tool_pre_invoke: hook('tool_invocation_id model_tool_call is_control_flow', 'model_tool_call'),
  tool_post_invoke: hook(
    'tool_invocation_id model_tool_call tool_output tool_message execution_time_ms success error is_control_flow',
    'tool_output',
  ),
  adapter_function_invocation_complete: hook('name revision binding_type adapter_type outcome error'),
  adapter_function_phase_complete: hook('name phase duration_ms'),
  streaming_start: hook('streaming_id has_requirements requirement_count chunking_strategy'),
  streaming_event: hook('streaming_id event requirements'),
  streaming_end: hook('streaming_id success failure_reason exception model provider full_text_length'),
};
