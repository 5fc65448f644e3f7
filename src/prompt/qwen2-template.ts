// The chat template of a model file that carries none: ChatML, as Qwen2-Instruct has it.
// Source: `chat_template` in tokenizer_config.json of Qwen/Qwen2-0.5B-Instruct (Apache-2.0), the same in every size.
// Kept as Jinja, so that there is one way from messages to text.

export const QWEN2_TEMPLATE =
  "{% for message in messages %}" +
  "{% if loop.first and messages[0]['role'] != 'system' %}" +
  "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}" +
  "{% endif %}" +
  "{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}" +
  "{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
