include $(sort $(wildcard $(BR2_EXTERNAL_S6_TLS_PATH)/package/*/*.mk))
