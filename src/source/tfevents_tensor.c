/* tfevents_tensor.c - numbers out of a TensorProto of any numeric type. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "source/tfevents.h"

/* TensorFlow's DataType, as far as it holds numbers. */
enum {
    DT_FLOAT = 1,
    DT_DOUBLE = 2,
    DT_INT32 = 3,
    DT_UINT8 = 4,
    DT_INT16 = 5,
    DT_INT8 = 6,
    DT_STRING = 7,
    DT_INT64 = 9,
    DT_BOOL = 10,
    DT_BFLOAT16 = 14,
    DT_UINT16 = 17,
    DT_HALF = 19,
    DT_UINT32 = 22,
    DT_UINT64 = 23,
};

/* TensorProto's fields. */
enum {
    FIELD_DTYPE = 1,
    FIELD_SHAPE = 2,
    FIELD_CONTENT = 4,
    FIELD_FLOAT = 5,
    FIELD_DOUBLE = 6,
    FIELD_INT = 7,
    FIELD_STRING = 8,
    FIELD_INT64 = 10,
    FIELD_BOOL = 11,
    FIELD_HALF = 13,
    FIELD_UINT32 = 16,
    FIELD_UINT64 = 17,
};

struct numbers {
    double *values;
    size_t count, cap;
    uint32_t dtype;
};

static void add(struct numbers *numbers, double value)
{
    if (numbers->count < numbers->cap) {
        numbers->values[numbers->count] = value;
    }
    numbers->count++;
}

static double bfloat16_of(uint16_t bits)
{
    return km_float_of((uint32_t)bits << 16);
}

/* One number from the bits of a repeated field, packed or not. */
static double number_of(uint32_t field, uint32_t dtype, uint64_t bits)
{
    switch (field) {
    case FIELD_FLOAT:
        return km_float_of((uint32_t)bits);
    case FIELD_DOUBLE:
        return km_double_of(bits);
    case FIELD_HALF:
        return dtype == DT_BFLOAT16 ? bfloat16_of((uint16_t)bits)
                                    : km_half_of((uint16_t)bits);
    case FIELD_UINT32:
    case FIELD_UINT64:
        return (double)bits;
    case FIELD_BOOL:
        return bits != 0;
    default:
        return (double)(int64_t)bits;
    }
}

/* The wire type of one number of a repeated field. */
static uint32_t wire_type_of(uint32_t field)
{
    return field == FIELD_FLOAT    ? KM_WIRE_FIXED32
           : field == FIELD_DOUBLE ? KM_WIRE_FIXED64
                                   : KM_WIRE_VARINT;
}

/* Adds the numbers of one field; false when it is malformed. */
static bool read_field(struct numbers *numbers,
                       const struct km_wire_field *field)
{
    uint32_t type = wire_type_of(field->number), dtype = numbers->dtype;
    if (field->type == type) {
        add(numbers, number_of(field->number, dtype, field->integer));
        return true;
    }
    if (field->type != KM_WIRE_BYTES) {
        return false;
    }
    struct km_wire wire = km_wire_of(field->bytes);
    size_t width = type == KM_WIRE_FIXED32 ? 4 : 8;
    if (type != KM_WIRE_VARINT && field->bytes.len % width != 0) {
        return false;
    }
    while (wire.at < wire.end) {
        uint64_t bits = 0;
        if (type == KM_WIRE_VARINT) {
            if (!km_wire_varint(&wire, &bits)) {
                return false;
            }
        } else {
            bits = width == 4 ? km_load_u32(wire.at) : km_load_u64(wire.at);
            wire.at += width;
        }
        add(numbers, number_of(field->number, dtype, bits));
    }
    return true;
}

/* Bytes of one element of tensor_content; 0: no number. */
static size_t width_of(uint32_t dtype)
{
    switch (dtype) {
    case DT_DOUBLE:
    case DT_INT64:
    case DT_UINT64:
        return 8;
    case DT_FLOAT:
    case DT_INT32:
    case DT_UINT32:
        return 4;
    case DT_INT16:
    case DT_UINT16:
    case DT_BFLOAT16:
    case DT_HALF:
        return 2;
    case DT_UINT8:
    case DT_INT8:
    case DT_BOOL:
        return 1;
    default:
        return 0;
    }
}

static double element_of(uint32_t dtype, const unsigned char *at)
{
    switch (dtype) {
    case DT_DOUBLE:
        return km_double_of(km_load_u64(at));
    case DT_INT64:
        return (double)(int64_t)km_load_u64(at);
    case DT_UINT64:
        return (double)km_load_u64(at);
    case DT_FLOAT:
        return km_float_of(km_load_u32(at));
    case DT_INT32:
        return (int32_t)km_load_u32(at);
    case DT_UINT32:
        return km_load_u32(at);
    case DT_INT16:
        return (int16_t)km_load_u16(at);
    case DT_UINT16:
        return km_load_u16(at);
    case DT_BFLOAT16:
        return bfloat16_of(km_load_u16(at));
    case DT_HALF:
        return km_half_of(km_load_u16(at));
    case DT_INT8:
        return (signed char)*at;
    case DT_BOOL:
        return *at != 0;
    default:
        return *at;
    }
}

static bool read_content(struct numbers *numbers, struct km_str content)
{
    size_t width = width_of(numbers->dtype);
    if (width == 0 || content.len % width != 0) {
        return false;
    }
    const unsigned char *at = (const unsigned char *)content.ptr;
    for (size_t left = content.len; left > 0; left -= width, at += width) {
        add(numbers, element_of(numbers->dtype, at));
    }
    return true;
}

/* TensorShapeProto: dim = 2 { size = 1 }. */
static bool read_shape(struct km_str message, struct tf_tensor *tensor)
{
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    while (km_wire_next(&wire, &field)) {
        if (field.number != 2 || field.type != KM_WIRE_BYTES) {
            continue;
        }
        uint64_t size = km_wire_find(field.bytes, 1).integer;
        if (__builtin_mul_overflow(tensor->elements, size, &tensor->elements)) {
            return false;
        }
        if (tensor->rank++ == 0) {
            tensor->rows = size;
        }
        tensor->columns = size;
    }
    return !wire.failed;
}

static void repeat_last(struct numbers *numbers, uint64_t elements)
{
    while (numbers->count > 0 && numbers->count < elements) {
        add(numbers, numbers->values[numbers->count - 1]);
    }
}

bool km_tf_tensor_read(struct km_str message, double *values, size_t cap,
                       struct tf_tensor *tensor)
{
    *tensor = (struct tf_tensor){.elements = 1, .rows = 1, .columns = 1};
    struct numbers numbers = {.values = values, .cap = cap};
    numbers.dtype = (uint32_t)km_wire_find(message, FIELD_DTYPE).integer;
    tensor->dtype = numbers.dtype;
    struct km_wire wire = km_wire_of(message);
    struct km_wire_field field;
    bool good = true;
    while (good && km_wire_next(&wire, &field)) {
        switch (field.number) {
        case FIELD_SHAPE:
            good =
                field.type == KM_WIRE_BYTES && read_shape(field.bytes, tensor);
            break;
        case FIELD_CONTENT:
            good = field.bytes.len == 0 || read_content(&numbers, field.bytes);
            break;
        case FIELD_STRING:
            if (tensor->text_count++ == 0) {
                tensor->text = field.bytes;
            }
            break;
        case FIELD_FLOAT:
        case FIELD_DOUBLE:
        case FIELD_INT:
        case FIELD_INT64:
        case FIELD_BOOL:
        case FIELD_HALF:
        case FIELD_UINT32:
        case FIELD_UINT64:
            good = read_field(&numbers, &field);
            break;
        default:
            break;
        }
    }
    if (!good || wire.failed || numbers.count > cap || tensor->elements > cap) {
        return false;
    }
    repeat_last(&numbers, tensor->elements);
    tensor->count = numbers.count;
    return true;
}
