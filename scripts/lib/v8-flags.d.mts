export const LATE_TIERING: string;
