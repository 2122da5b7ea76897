/* api.h - the handlers that the table of routes names.
 *
 * Each fills the reply, or fails. Threads: any. */
/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_HTTP_API_H
#define KM_HTTP_API_H

#include "http/request.h"

/* The run that the first parameter names; what a token may not see is not
 * there. Texts live in the request's arena. */
enum km_code km_api_find_run(struct km_request *r, struct km_run_row *row,
                             struct km_err *err);

enum km_code km_api_health(struct km_request *r, struct km_err *err);
enum km_code km_api_openapi(struct km_request *r, struct km_err *err);
enum km_code km_api_figures(struct km_request *r, struct km_err *err);
enum km_code km_api_runs(struct km_request *r, struct km_err *err);
enum km_code km_api_run(struct km_request *r, struct km_err *err);
enum km_code km_api_run_config(struct km_request *r, struct km_err *err);
enum km_code km_api_run_series(struct km_request *r, struct km_err *err);
enum km_code km_api_run_card(struct km_request *r, struct km_err *err);
enum km_code km_api_series_points(struct km_request *r, struct km_err *err);
enum km_code km_api_events(struct km_request *r, struct km_err *err);
enum km_code km_api_fleet(struct km_request *r, struct km_err *err);
enum km_code km_api_metrics(struct km_request *r, struct km_err *err);
enum km_code km_api_charts(struct km_request *r, struct km_err *err);
enum km_code km_api_journal_place(struct km_request *r, struct km_err *err);
enum km_code km_api_journal_take(struct km_request *r, struct km_err *err);

#endif
