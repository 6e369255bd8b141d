/* Sensors, encoders and the emergency stop's input. */
#ifndef ES_INPUTS_H
#define ES_INPUTS_H

#include "es_messages.h"

/* Each returns ES_STATUS_... */
uint8_t es_sensor_set(const struct es_set_sensor *set);
uint8_t es_encoder_set(const struct es_set_encoder *set);
uint8_t es_estop_set(const struct es_set_estop *set);

/* Forget all of them. */
void es_inputs_forget(void);
/* Tell of what has settled. */
void es_inputs_poll(void);
int es_estop_pressed(void);
/* Whether an input is on this pin. */
int es_input_on(uint8_t pin);

/* The program's: a sensor's input has changed, or was set and is so. With interrupts locked, or from its interrupt. */
void es_sensor_edge(uint8_t number, uint8_t level, uint32_t tick);
/* Tell the host of it. */
void es_tell_edge(uint8_t number, uint8_t level, uint32_t tick);

/* The core's: the emergency stop was pressed. From an input's interrupt, or with interrupts locked. */
void es_stop_now(void);

#endif
