//! Abstract model of IMS conference signalling, explored completely with stateright.
