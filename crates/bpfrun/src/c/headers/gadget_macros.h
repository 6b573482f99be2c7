#pragma once
#define GADGET_TRACER(name, map, type)                                                             \
	const void *gadget_tracer_##name##___##map##___##type __attribute__((unused));             \
	const struct type *__gadget_tracer_type_##name __attribute__((unused));
