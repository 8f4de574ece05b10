(module
 (type $0 (func (param i32 i32 f64)))
 (type $1 (func (param i32 i32 i32 i32 i32 i32)))
 (type $2 (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
 (type $3 (func (param i32 i32 i32 i32 i32 i32 i32 i32)))
 (type $4 (func (param i32 i32 f32 f32 f32 f32 f32 f32 i32)))
 (type $5 (func (result i32)))
 (memory $0 0)
 (export "blur" (func $assembly/blur/blur))
 (export "copyInterleaved" (func $assembly/copy/copyInterleaved))
 (export "copyPlanar" (func $assembly/copy/copyPlanar))
 (export "brightness" (func $assembly/jitter/brightness))
 (export "contrast" (func $assembly/jitter/contrast))
 (export "saturation" (func $assembly/jitter/saturation))
 (export "hue" (func $assembly/jitter/hue))
 (export "heapBase" (func $assembly/memory/heapBase))
 (export "normalise" (func $assembly/normalise/normalise))
 (export "rowsInterleaved" (func $assembly/resample/rowsInterleaved))
 (export "rowsPlanar" (func $assembly/resample/rowsPlanar))
 (export "columns" (func $assembly/resample/columns))
 (export "solarise" (func $assembly/solarise/solarise))
 (export "memory" (memory $0))
 (func $assembly/resample/filterRow (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32)
  (local $6 v128)
  (local $7 v128)
  (local $8 v128)
  (local $9 v128)
  (local $10 i32)
  (local $11 i32)
  (local $12 v128)
  (local $13 v128)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  (local $17 i32)
  (local $18 i32)
  local.get $3
  i32.const 2
  i32.shl
  local.set $16
  local.get $2
  local.get $1
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  i32.add
  local.set $10
  loop $for-loop|0
   local.get $1
   local.get $15
   i32.gt_u
   if
    local.get $0
    local.get $2
    local.get $15
    i32.const 2
    i32.shl
    i32.add
    local.tee $14
    i32.load
    i32.const 4
    i32.shl
    i32.add
    local.tee $18
    v128.load
    local.get $10
    local.tee $11
    v128.load32_splat
    f32x4.mul
    local.set $6
    block $__inlined_func$assembly/resample/across$39
     local.get $3
     i32.const 2
     i32.eq
     if
      local.get $6
      local.get $18
      v128.load offset=16
      local.get $11
      v128.load32_splat offset=4
      f32x4.mul
      f32x4.add
      local.set $6
      br $__inlined_func$assembly/resample/across$39
     end
     i32.const 1
     local.set $17
     loop $for-loop|00
      local.get $3
      local.get $17
      i32.gt_s
      if
       local.get $6
       local.get $18
       i32.const 16
       i32.add
       local.tee $18
       v128.load
       local.get $11
       i32.const 4
       i32.add
       local.tee $11
       v128.load32_splat
       f32x4.mul
       f32x4.add
       local.set $6
       local.get $17
       i32.const 1
       i32.add
       local.set $17
       br $for-loop|00
      end
     end
    end
    local.get $6
    local.set $9
    local.get $0
    local.get $14
    i32.load offset=4
    i32.const 4
    i32.shl
    i32.add
    local.tee $18
    v128.load
    local.get $10
    local.get $16
    i32.add
    local.tee $17
    v128.load32_splat
    f32x4.mul
    local.set $6
    block $__inlined_func$assembly/resample/across$40
     local.get $3
     i32.const 2
     i32.eq
     if
      local.get $6
      local.get $18
      v128.load offset=16
      local.get $17
      v128.load32_splat offset=4
      f32x4.mul
      f32x4.add
      local.set $6
      br $__inlined_func$assembly/resample/across$40
     end
     i32.const 1
     local.set $11
     loop $for-loop|01
      local.get $3
      local.get $11
      i32.gt_s
      if
       local.get $6
       local.get $18
       i32.const 16
       i32.add
       local.tee $18
       v128.load
       local.get $17
       i32.const 4
       i32.add
       local.tee $17
       v128.load32_splat
       f32x4.mul
       f32x4.add
       local.set $6
       local.get $11
       i32.const 1
       i32.add
       local.set $11
       br $for-loop|01
      end
     end
    end
    local.get $6
    local.set $8
    local.get $0
    local.get $14
    i32.load offset=8
    i32.const 4
    i32.shl
    i32.add
    local.tee $18
    v128.load
    local.get $10
    local.get $16
    i32.const 1
    i32.shl
    i32.add
    local.tee $17
    v128.load32_splat
    f32x4.mul
    local.set $6
    block $__inlined_func$assembly/resample/across$41
     local.get $3
     i32.const 2
     i32.eq
     if
      local.get $6
      local.get $18
      v128.load offset=16
      local.get $17
      v128.load32_splat offset=4
      f32x4.mul
      f32x4.add
      local.set $6
      br $__inlined_func$assembly/resample/across$41
     end
     i32.const 1
     local.set $11
     loop $for-loop|02
      local.get $3
      local.get $11
      i32.gt_s
      if
       local.get $6
       local.get $18
       i32.const 16
       i32.add
       local.tee $18
       v128.load
       local.get $17
       i32.const 4
       i32.add
       local.tee $17
       v128.load32_splat
       f32x4.mul
       f32x4.add
       local.set $6
       local.get $11
       i32.const 1
       i32.add
       local.set $11
       br $for-loop|02
      end
     end
    end
    local.get $6
    local.set $7
    local.get $0
    local.get $14
    i32.load offset=12
    i32.const 4
    i32.shl
    i32.add
    local.tee $11
    v128.load
    local.get $10
    local.get $16
    i32.const 3
    i32.mul
    i32.add
    local.tee $18
    v128.load32_splat
    f32x4.mul
    local.set $6
    block $__inlined_func$assembly/resample/across$42
     local.get $3
     i32.const 2
     i32.eq
     if
      local.get $6
      local.get $11
      v128.load offset=16
      local.get $18
      v128.load32_splat offset=4
      f32x4.mul
      f32x4.add
      local.set $6
      br $__inlined_func$assembly/resample/across$42
     end
     i32.const 1
     local.set $17
     loop $for-loop|03
      local.get $3
      local.get $17
      i32.gt_s
      if
       local.get $6
       local.get $11
       i32.const 16
       i32.add
       local.tee $11
       v128.load
       local.get $18
       i32.const 4
       i32.add
       local.tee $18
       v128.load32_splat
       f32x4.mul
       f32x4.add
       local.set $6
       local.get $17
       i32.const 1
       i32.add
       local.set $17
       br $for-loop|03
      end
     end
    end
    local.get $10
    local.get $16
    i32.const 2
    i32.shl
    i32.add
    local.set $10
    local.get $4
    local.get $15
    i32.const 2
    i32.shl
    i32.add
    local.tee $11
    local.get $9
    local.get $8
    i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
    local.tee $13
    local.get $7
    local.get $6
    i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23
    local.tee $12
    i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
    v128.store
    local.get $5
    local.get $11
    i32.add
    local.get $13
    local.get $12
    i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
    v128.store
    local.get $11
    local.get $5
    i32.const 1
    i32.shl
    i32.add
    local.get $9
    local.get $8
    i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
    local.get $7
    local.get $6
    i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31
    i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
    v128.store
    local.get $15
    i32.const 4
    i32.add
    local.set $15
    br $for-loop|0
   end
  end
 )
 (func $assembly/solarise/solarise (param $0 i32) (param $1 i32) (param $2 f64)
  (local $3 v128)
  (local $4 v128)
  local.get $2
  f32.demote_f64
  f32x4.splat
  local.set $4
  local.get $0
  local.get $1
  local.get $1
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 12
  i32.mul
  i32.add
  local.set $1
  loop $for-loop|0
   local.get $0
   local.get $1
   i32.lt_u
   if
    local.get $0
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    local.get $0
    v128.load
    local.tee $3
    f32x4.sub
    local.get $3
    local.get $3
    local.get $4
    f32x4.ge
    v128.bitselect
    v128.store
    local.get $0
    i32.const 16
    i32.add
    local.set $0
    br $for-loop|0
   end
  end
 )
 (func $assembly/resample/rowsPlanar (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32) (param $6 i32) (param $7 i32) (param $8 i32) (param $9 i32) (param $10 i32) (param $11 i32)
  (local $12 i32)
  (local $13 v128)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  (local $17 i32)
  (local $18 v128)
  local.get $7
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $17
  loop $for-loop|0
   local.get $6
   local.get $14
   i32.gt_s
   if
    local.get $0
    local.get $4
    local.get $14
    i32.add
    local.get $1
    i32.mul
    i32.add
    local.get $3
    i32.add
    local.set $15
    i32.const 0
    local.set $12
    loop $for-loop|00
     local.get $5
     local.get $12
     i32.gt_u
     if
      local.get $10
      local.get $12
      i32.const 4
      i32.shl
      i32.add
      local.tee $16
      local.get $12
      local.get $15
      i32.add
      v128.load32_zero
      local.get $2
      local.get $15
      i32.add
      local.get $12
      i32.add
      v128.load32_zero
      local.tee $13
      i8x16.shuffle 0 16 1 17 2 18 3 19 0 16 1 17 2 18 3 19
      local.get $15
      local.get $2
      i32.const 1
      i32.shl
      i32.add
      local.get $12
      i32.add
      v128.load32_zero
      local.get $13
      i8x16.shuffle 0 16 1 17 2 18 3 19 0 16 1 17 2 18 3 19
      i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
      local.tee $13
      i16x8.extend_low_i8x16_u
      local.tee $18
      i32x4.extend_low_i16x8_u
      f32x4.convert_i32x4_u
      v128.store
      local.get $16
      local.get $18
      i32x4.extend_high_i16x8_u
      f32x4.convert_i32x4_u
      v128.store offset=16
      local.get $16
      local.get $13
      i16x8.extend_high_i8x16_u
      local.tee $13
      i32x4.extend_low_i16x8_u
      f32x4.convert_i32x4_u
      v128.store offset=32
      local.get $16
      local.get $13
      i32x4.extend_high_i16x8_u
      f32x4.convert_i32x4_u
      v128.store offset=48
      local.get $12
      i32.const 4
      i32.add
      local.set $12
      br $for-loop|00
     end
    end
    local.get $10
    local.get $7
    local.get $8
    local.get $9
    local.get $11
    local.get $14
    local.get $17
    i32.mul
    i32.add
    local.get $6
    local.get $17
    i32.mul
    call $assembly/resample/filterRow
    local.get $14
    i32.const 1
    i32.add
    local.set $14
    br $for-loop|0
   end
  end
 )
 (func $assembly/resample/rowsInterleaved (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32) (param $6 i32) (param $7 i32) (param $8 i32) (param $9 i32) (param $10 i32) (param $11 i32)
  (local $12 i32)
  (local $13 i32)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  local.get $7
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $15
  loop $for-loop|0
   local.get $6
   local.get $13
   i32.gt_s
   if
    local.get $0
    local.get $4
    local.get $13
    i32.add
    local.get $1
    i32.mul
    local.get $3
    i32.add
    local.get $2
    i32.mul
    i32.add
    local.set $14
    local.get $10
    local.tee $12
    local.get $5
    i32.const 4
    i32.shl
    i32.add
    local.set $16
    loop $for-loop|00
     local.get $12
     local.get $16
     i32.lt_u
     if
      local.get $12
      local.get $14
      v128.load32_zero
      i16x8.extend_low_i8x16_u
      i32x4.extend_low_i16x8_u
      f32x4.convert_i32x4_u
      v128.store
      local.get $12
      i32.const 16
      i32.add
      local.set $12
      local.get $2
      local.get $14
      i32.add
      local.set $14
      br $for-loop|00
     end
    end
    local.get $10
    local.get $7
    local.get $8
    local.get $9
    local.get $11
    local.get $13
    local.get $15
    i32.mul
    i32.add
    local.get $6
    local.get $15
    i32.mul
    call $assembly/resample/filterRow
    local.get $13
    i32.const 1
    i32.add
    local.set $13
    br $for-loop|0
   end
  end
 )
 (func $assembly/resample/columns (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 v128)
  (local $9 v128)
  (local $10 i32)
  (local $11 i32)
  (local $12 i32)
  (local $13 i32)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  (local $17 i32)
  (local $18 i32)
  (local $19 i32)
  (local $20 i32)
  (local $21 i32)
  local.get $2
  local.get $2
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $13
  local.get $2
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.tee $21
  local.get $3
  i32.add
  local.set $12
  loop $for-loop|0
   local.get $18
   i32.const 3
   i32.lt_u
   if
    local.get $0
    local.get $1
    local.get $18
    i32.mul
    local.get $21
    i32.mul
    i32.add
    local.set $11
    local.get $5
    local.get $13
    local.get $18
    i32.mul
    i32.add
    local.set $10
    i32.const 0
    local.set $20
    loop $for-loop|1
     local.get $2
     local.get $20
     i32.gt_u
     if
      local.get $11
      local.get $3
      local.get $20
      i32.const 2
      i32.shl
      i32.add
      i32.load
      local.get $21
      i32.mul
      i32.add
      local.set $17
      local.get $12
      local.get $4
      local.get $20
      i32.mul
      i32.const 2
      i32.shl
      i32.add
      local.set $6
      local.get $10
      local.get $2
      local.get $20
      i32.mul
      i32.const 2
      i32.shl
      i32.add
      local.set $15
      block $for-continue|1
       local.get $4
       i32.const 2
       i32.eq
       if
        local.get $6
        v128.load32_splat
        local.set $9
        local.get $6
        v128.load32_splat offset=4
        local.set $8
        i32.const 0
        local.set $7
        loop $for-loop|2
         local.get $7
         local.get $21
         i32.lt_u
         if
          local.get $7
          local.get $15
          i32.add
          local.get $7
          local.get $17
          i32.add
          v128.load
          local.get $9
          f32x4.mul
          local.get $17
          local.get $21
          i32.add
          local.get $7
          i32.add
          v128.load
          local.get $8
          f32x4.mul
          f32x4.add
          v128.store
          local.get $7
          i32.const 16
          i32.add
          local.set $7
          br $for-loop|2
         end
        end
        br $for-continue|1
       end
       i32.const 0
       local.set $19
       loop $for-loop|3
        local.get $19
        local.get $21
        i32.lt_u
        if
         local.get $17
         local.get $19
         i32.add
         local.tee $14
         v128.load
         local.get $6
         local.tee $7
         v128.load32_splat
         f32x4.mul
         local.set $8
         i32.const 1
         local.set $16
         loop $for-loop|4
          local.get $4
          local.get $16
          i32.gt_s
          if
           local.get $8
           local.get $14
           local.get $21
           i32.add
           local.tee $14
           v128.load
           local.get $7
           i32.const 4
           i32.add
           local.tee $7
           v128.load32_splat
           f32x4.mul
           f32x4.add
           local.set $8
           local.get $16
           i32.const 1
           i32.add
           local.set $16
           br $for-loop|4
          end
         end
         local.get $15
         local.get $19
         i32.add
         local.get $8
         v128.store
         local.get $19
         i32.const 16
         i32.add
         local.set $19
         br $for-loop|3
        end
       end
      end
      local.get $20
      i32.const 1
      i32.add
      local.set $20
      br $for-loop|1
     end
    end
    local.get $18
    i32.const 1
    i32.add
    local.set $18
    br $for-loop|0
   end
  end
 )
 (func $assembly/normalise/normalise (param $0 i32) (param $1 i32) (param $2 f32) (param $3 f32) (param $4 f32) (param $5 f32) (param $6 f32) (param $7 f32) (param $8 i32)
  (local $9 v128)
  (local $10 i32)
  (local $11 i32)
  (local $12 i32)
  (local $13 i32)
  (local $14 v128)
  (local $15 i32)
  (local $16 i32)
  local.get $1
  local.get $1
  i32.mul
  local.tee $13
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $1
  local.get $2
  f32x4.splat
  local.set $9
  local.get $5
  f32x4.splat
  local.set $14
  loop $for-loop|0
   local.get $10
   local.get $13
   i32.lt_u
   if
    local.get $10
    i32.const 2
    i32.shl
    local.tee $15
    local.get $8
    i32.add
    local.get $0
    local.get $15
    i32.add
    v128.load
    local.get $9
    f32x4.sub
    local.get $14
    f32x4.div
    v128.store
    local.get $10
    i32.const 4
    i32.add
    local.set $10
    br $for-loop|0
   end
  end
  local.get $0
  local.get $1
  i32.add
  local.set $15
  local.get $8
  local.get $13
  i32.const 2
  i32.shl
  i32.add
  local.set $16
  local.get $3
  f32x4.splat
  local.set $9
  local.get $6
  f32x4.splat
  local.set $14
  loop $for-loop|00
   local.get $11
   local.get $13
   i32.lt_u
   if
    local.get $16
    local.get $11
    i32.const 2
    i32.shl
    local.tee $10
    i32.add
    local.get $10
    local.get $15
    i32.add
    v128.load
    local.get $9
    f32x4.sub
    local.get $14
    f32x4.div
    v128.store
    local.get $11
    i32.const 4
    i32.add
    local.set $11
    br $for-loop|00
   end
  end
  local.get $0
  local.get $1
  i32.const 1
  i32.shl
  i32.add
  local.set $0
  local.get $8
  local.get $13
  i32.const 3
  i32.shl
  i32.add
  local.set $1
  local.get $4
  f32x4.splat
  local.set $9
  local.get $7
  f32x4.splat
  local.set $14
  loop $for-loop|01
   local.get $12
   local.get $13
   i32.lt_u
   if
    local.get $1
    local.get $12
    i32.const 2
    i32.shl
    local.tee $8
    i32.add
    local.get $0
    local.get $8
    i32.add
    v128.load
    local.get $9
    f32x4.sub
    local.get $14
    f32x4.div
    v128.store
    local.get $12
    i32.const 4
    i32.add
    local.set $12
    br $for-loop|01
   end
  end
 )
 (func $assembly/memory/heapBase (result i32)
  i32.const 1024
 )
 (func $assembly/jitter/saturation (param $0 i32) (param $1 i32) (param $2 f64)
  (local $3 v128)
  (local $4 v128)
  (local $5 v128)
  (local $6 v128)
  (local $7 v128)
  (local $8 i32)
  (local $9 v128)
  (local $10 i32)
  (local $11 i32)
  local.get $2
  f32.demote_f64
  f32x4.splat
  local.set $3
  f64.const 1
  local.get $2
  f64.sub
  f32.demote_f64
  f32x4.splat
  local.set $5
  local.get $1
  local.get $1
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.tee $10
  local.get $0
  i32.add
  local.set $11
  loop $for-loop|0
   local.get $0
   local.get $11
   i32.lt_u
   if
    local.get $0
    v128.load
    local.tee $6
    v128.const i32x4 0x3e99096c 0x3e99096c 0x3e99096c 0x3e99096c
    f32x4.mul
    local.get $0
    local.get $10
    i32.add
    local.tee $1
    v128.load
    local.tee $7
    v128.const i32x4 0x3f1645a2 0x3f1645a2 0x3f1645a2 0x3f1645a2
    f32x4.mul
    f32x4.add
    local.get $0
    local.get $10
    i32.const 1
    i32.shl
    i32.add
    local.tee $8
    v128.load
    local.tee $9
    v128.const i32x4 0x3de978d5 0x3de978d5 0x3de978d5 0x3de978d5
    f32x4.mul
    f32x4.add
    local.get $5
    f32x4.mul
    local.set $4
    local.get $0
    local.get $6
    local.get $3
    f32x4.mul
    local.get $4
    f32x4.add
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    v128.store
    local.get $1
    local.get $7
    local.get $3
    f32x4.mul
    local.get $4
    f32x4.add
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    v128.store
    local.get $8
    local.get $9
    local.get $3
    f32x4.mul
    local.get $4
    f32x4.add
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    v128.store
    local.get $0
    i32.const 16
    i32.add
    local.set $0
    br $for-loop|0
   end
  end
 )
 (func $assembly/jitter/hue (param $0 i32) (param $1 i32) (param $2 f64)
  (local $3 v128)
  (local $4 f32)
  (local $5 i32)
  (local $6 v128)
  (local $7 i32)
  (local $8 v128)
  (local $9 v128)
  (local $10 i32)
  (local $11 v128)
  (local $12 v128)
  (local $13 v128)
  local.get $2
  f64.const 0
  f64.lt
  if (result f64)
   local.get $2
   f64.const 6
   f64.mul
   f64.const 6
   f64.add
  else
   local.get $2
   f64.const 6
   f64.mul
  end
  f32.demote_f64
  local.set $4
  local.get $1
  local.get $1
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.tee $7
  local.get $0
  i32.add
  local.set $10
  loop $for-loop|0
   local.get $0
   local.get $10
   i32.lt_u
   if
    local.get $0
    v128.load
    local.tee $8
    local.get $0
    local.get $7
    i32.add
    local.tee $1
    v128.load
    local.tee $9
    local.get $0
    local.get $7
    i32.const 1
    i32.shl
    i32.add
    local.tee $5
    v128.load
    local.tee $11
    f32x4.pmax
    f32x4.pmax
    local.tee $12
    local.get $8
    local.get $9
    local.get $11
    f32x4.pmin
    f32x4.pmin
    f32x4.sub
    local.set $3
    local.get $0
    local.get $12
    local.get $3
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    v128.const i32x4 0x40000000 0x40000000 0x40000000 0x40000000
    v128.const i32x4 0x40800000 0x40800000 0x40800000 0x40800000
    local.get $12
    local.get $9
    f32x4.eq
    local.tee $13
    v128.bitselect
    local.get $12
    local.get $8
    f32x4.eq
    local.tee $6
    v128.bitselect
    local.get $9
    local.get $11
    f32x4.sub
    local.get $11
    local.get $8
    f32x4.sub
    local.get $8
    local.get $9
    f32x4.sub
    local.get $13
    v128.bitselect
    local.get $6
    v128.bitselect
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    local.get $3
    local.get $3
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.eq
    v128.bitselect
    f32x4.div
    f32x4.add
    local.tee $6
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.add
    local.get $6
    local.get $6
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.lt
    v128.bitselect
    local.get $4
    f32x4.splat
    f32x4.add
    local.tee $6
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.sub
    local.get $6
    local.get $6
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.ge
    v128.bitselect
    local.tee $6
    v128.const i32x4 0x40a00000 0x40a00000 0x40a00000 0x40a00000
    f32x4.add
    local.tee $8
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.sub
    local.get $8
    local.get $8
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.ge
    v128.bitselect
    local.tee $8
    v128.const i32x4 0x40800000 0x40800000 0x40800000 0x40800000
    local.get $8
    f32x4.sub
    f32x4.pmin
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    f32x4.mul
    f32x4.sub
    v128.store
    local.get $1
    local.get $12
    local.get $3
    local.get $6
    v128.const i32x4 0x40400000 0x40400000 0x40400000 0x40400000
    f32x4.add
    local.tee $8
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.sub
    local.get $8
    local.get $8
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.ge
    v128.bitselect
    local.tee $8
    v128.const i32x4 0x40800000 0x40800000 0x40800000 0x40800000
    local.get $8
    f32x4.sub
    f32x4.pmin
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    f32x4.mul
    f32x4.sub
    v128.store
    local.get $5
    local.get $12
    local.get $3
    local.get $6
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.add
    local.tee $3
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.sub
    local.get $3
    local.get $3
    v128.const i32x4 0x40c00000 0x40c00000 0x40c00000 0x40c00000
    f32x4.ge
    v128.bitselect
    local.tee $3
    v128.const i32x4 0x40800000 0x40800000 0x40800000 0x40800000
    local.get $3
    f32x4.sub
    f32x4.pmin
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    f32x4.mul
    f32x4.sub
    v128.store
    local.get $0
    i32.const 16
    i32.add
    local.set $0
    br $for-loop|0
   end
  end
 )
 (func $assembly/jitter/contrast (param $0 i32) (param $1 i32) (param $2 f64)
  (local $3 i32)
  (local $4 i32)
  (local $5 v128)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 v128)
  (local $11 i32)
  local.get $2
  f32.demote_f64
  f32x4.splat
  local.set $10
  f64.const 1
  local.get $2
  f64.sub
  f32.demote_f64
  f64.const 0
  local.set $2
  local.get $1
  local.get $1
  i32.mul
  local.tee $8
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $6
  local.get $8
  i32.const 2
  i32.shr_u
  local.set $7
  loop $for-loop|0
   local.get $3
   local.get $7
   i32.lt_u
   if
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    local.set $5
    local.get $3
    i32.const -64
    i32.sub
    local.tee $4
    local.get $7
    local.get $4
    local.get $7
    i32.lt_u
    select
    local.set $11
    local.get $3
    local.set $4
    loop $for-loop|1
     local.get $4
     local.get $11
     i32.lt_u
     if
      local.get $5
      local.get $0
      local.get $4
      i32.const 4
      i32.shl
      i32.add
      local.tee $9
      v128.load
      v128.const i32x4 0x3e99096c 0x3e99096c 0x3e99096c 0x3e99096c
      f32x4.mul
      local.get $6
      local.get $9
      i32.add
      v128.load
      v128.const i32x4 0x3f1645a2 0x3f1645a2 0x3f1645a2 0x3f1645a2
      f32x4.mul
      f32x4.add
      local.get $9
      local.get $6
      i32.const 1
      i32.shl
      i32.add
      v128.load
      v128.const i32x4 0x3de978d5 0x3de978d5 0x3de978d5 0x3de978d5
      f32x4.mul
      f32x4.add
      f32x4.add
      local.set $5
      local.get $4
      i32.const 1
      i32.add
      local.set $4
      br $for-loop|1
     end
    end
    local.get $2
    local.get $5
    f32x4.extract_lane 0
    f64.promote_f32
    f64.add
    local.get $5
    f32x4.extract_lane 1
    f64.promote_f32
    f64.add
    local.get $5
    f32x4.extract_lane 2
    f64.promote_f32
    f64.add
    local.get $5
    f32x4.extract_lane 3
    f64.promote_f32
    f64.add
    local.set $2
    local.get $3
    i32.const -64
    i32.sub
    local.set $3
    br $for-loop|0
   end
  end
  local.get $7
  i32.const 2
  i32.shl
  local.set $3
  loop $for-loop|2
   local.get $3
   local.get $8
   i32.lt_u
   if
    local.get $2
    local.get $0
    local.get $3
    i32.const 2
    i32.shl
    i32.add
    local.tee $4
    v128.load32_zero
    v128.const i32x4 0x3e99096c 0x3e99096c 0x3e99096c 0x3e99096c
    f32x4.mul
    local.get $4
    local.get $6
    i32.add
    v128.load32_zero
    v128.const i32x4 0x3f1645a2 0x3f1645a2 0x3f1645a2 0x3f1645a2
    f32x4.mul
    f32x4.add
    local.get $4
    local.get $6
    i32.const 1
    i32.shl
    i32.add
    v128.load32_zero
    v128.const i32x4 0x3de978d5 0x3de978d5 0x3de978d5 0x3de978d5
    f32x4.mul
    f32x4.add
    f32x4.extract_lane 0
    f64.promote_f32
    f64.add
    local.set $2
    local.get $3
    i32.const 1
    i32.add
    local.set $3
    br $for-loop|2
   end
  end
  local.get $2
  local.get $8
  f64.convert_i32_u
  f64.div
  f32.demote_f64
  f32.mul
  f32x4.splat
  local.set $5
  local.get $0
  local.get $1
  local.get $1
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 12
  i32.mul
  i32.add
  local.set $1
  loop $for-loop|00
   local.get $0
   local.get $1
   i32.lt_u
   if
    local.get $0
    local.get $0
    v128.load
    local.get $10
    f32x4.mul
    local.get $5
    f32x4.add
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    v128.store
    local.get $0
    i32.const 16
    i32.add
    local.set $0
    br $for-loop|00
   end
  end
 )
 (func $assembly/jitter/brightness (param $0 i32) (param $1 i32) (param $2 f64)
  (local $3 v128)
  local.get $2
  f32.demote_f64
  f32x4.splat
  local.set $3
  local.get $0
  local.get $1
  local.get $1
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 12
  i32.mul
  i32.add
  local.set $1
  loop $for-loop|0
   local.get $0
   local.get $1
   i32.lt_u
   if
    local.get $0
    local.get $0
    v128.load
    local.get $3
    f32x4.mul
    v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
    f32x4.pmin
    v128.const i32x4 0x00000000 0x00000000 0x00000000 0x00000000
    f32x4.pmax
    v128.store
    local.get $0
    i32.const 16
    i32.add
    local.set $0
    br $for-loop|0
   end
  end
 )
 (func $assembly/copy/copyPlanar (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32) (param $6 i32) (param $7 i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 i32)
  (local $11 i32)
  (local $12 v128)
  (local $13 i32)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  local.get $5
  local.get $5
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $15
  local.get $5
  i32.const -4
  i32.and
  local.set $9
  loop $for-loop|0
   local.get $11
   i32.const 3
   i32.lt_s
   if
    local.get $0
    local.get $2
    local.get $11
    i32.mul
    i32.add
    local.get $1
    local.get $4
    i32.mul
    i32.add
    local.get $3
    i32.add
    local.set $16
    i32.const 0
    local.set $10
    loop $for-loop|1
     local.get $5
     local.get $10
     i32.gt_s
     if
      local.get $16
      local.get $1
      local.get $10
      i32.mul
      i32.add
      local.set $13
      local.get $7
      local.get $11
      local.get $15
      i32.mul
      i32.add
      local.get $5
      local.get $10
      i32.mul
      i32.const 2
      i32.shl
      i32.add
      local.set $14
      i32.const 0
      local.set $8
      loop $for-loop|2
       local.get $8
       local.get $9
       i32.lt_s
       if
        local.get $14
        local.get $5
        i32.const 4
        i32.sub
        local.get $8
        i32.sub
        local.get $8
        local.get $6
        select
        i32.const 2
        i32.shl
        i32.add
        local.get $8
        local.get $13
        i32.add
        v128.load32_zero
        i16x8.extend_low_i8x16_u
        i32x4.extend_low_i16x8_u
        local.tee $12
        local.get $12
        i8x16.shuffle 12 13 14 15 8 9 10 11 4 5 6 7 0 1 2 3
        local.get $12
        local.get $6
        select
        f32x4.convert_i32x4_u
        v128.const i32x4 0x437f0000 0x437f0000 0x437f0000 0x437f0000
        f32x4.div
        v128.store
        local.get $8
        i32.const 4
        i32.add
        local.set $8
        br $for-loop|2
       end
      end
      local.get $9
      local.set $8
      loop $for-loop|3
       local.get $5
       local.get $8
       i32.gt_s
       if
        local.get $14
        local.get $5
        i32.const 1
        i32.sub
        local.get $8
        i32.sub
        local.get $8
        local.get $6
        select
        i32.const 2
        i32.shl
        i32.add
        local.get $8
        local.get $13
        i32.add
        i32.load8_u
        f32.convert_i32_u
        f32.const 255
        f32.div
        f32.store
        local.get $8
        i32.const 1
        i32.add
        local.set $8
        br $for-loop|3
       end
      end
      local.get $10
      i32.const 1
      i32.add
      local.set $10
      br $for-loop|1
     end
    end
    local.get $11
    i32.const 1
    i32.add
    local.set $11
    br $for-loop|0
   end
  end
 )
 (func $assembly/copy/copyInterleaved (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32) (param $6 i32) (param $7 i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 i32)
  (local $11 v128)
  (local $12 i32)
  (local $13 i32)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  local.get $5
  local.get $5
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $12
  local.get $5
  i32.const -4
  i32.and
  local.set $9
  loop $for-loop|0
   local.get $5
   local.get $13
   i32.gt_s
   if
    local.get $0
    local.get $4
    local.get $13
    i32.add
    local.get $1
    i32.mul
    local.get $3
    i32.add
    local.get $2
    i32.mul
    i32.add
    local.set $14
    local.get $7
    local.get $5
    local.get $13
    i32.mul
    i32.const 2
    i32.shl
    i32.add
    local.set $15
    i32.const 0
    local.set $8
    loop $for-loop|1
     local.get $8
     local.get $9
     i32.lt_s
     if
      local.get $15
      local.get $5
      i32.const 4
      i32.sub
      local.get $8
      i32.sub
      local.get $8
      local.get $6
      select
      i32.const 2
      i32.shl
      i32.add
      local.tee $10
      local.get $14
      local.get $2
      local.get $8
      i32.mul
      i32.add
      v128.load
      local.tee $11
      local.get $11
      local.get $11
      i8x16.shuffle 0 1 2 2 3 4 5 5 6 7 8 8 9 10 11 11
      local.get $2
      i32.const 4
      i32.eq
      select
      local.tee $11
      local.get $11
      i8x16.shuffle 12 13 14 15 8 9 10 11 4 5 6 7 0 1 2 3
      local.get $11
      local.get $6
      select
      local.tee $11
      v128.const i32x4 0x000000ff 0x000000ff 0x000000ff 0x000000ff
      v128.and
      f32x4.convert_i32x4_u
      v128.const i32x4 0x437f0000 0x437f0000 0x437f0000 0x437f0000
      f32x4.div
      v128.store
      local.get $10
      local.get $12
      i32.add
      local.get $11
      i32.const 8
      i32x4.shr_u
      v128.const i32x4 0x000000ff 0x000000ff 0x000000ff 0x000000ff
      v128.and
      f32x4.convert_i32x4_u
      v128.const i32x4 0x437f0000 0x437f0000 0x437f0000 0x437f0000
      f32x4.div
      v128.store
      local.get $10
      local.get $12
      i32.const 1
      i32.shl
      i32.add
      local.get $11
      i32.const 16
      i32x4.shr_u
      v128.const i32x4 0x000000ff 0x000000ff 0x000000ff 0x000000ff
      v128.and
      f32x4.convert_i32x4_u
      v128.const i32x4 0x437f0000 0x437f0000 0x437f0000 0x437f0000
      f32x4.div
      v128.store
      local.get $8
      i32.const 4
      i32.add
      local.set $8
      br $for-loop|1
     end
    end
    local.get $9
    local.set $8
    loop $for-loop|2
     local.get $5
     local.get $8
     i32.gt_s
     if
      local.get $15
      local.get $5
      i32.const 1
      i32.sub
      local.get $8
      i32.sub
      local.get $8
      local.get $6
      select
      i32.const 2
      i32.shl
      i32.add
      local.tee $10
      local.get $14
      local.get $2
      local.get $8
      i32.mul
      i32.add
      local.tee $16
      i32.load8_u
      f32.convert_i32_u
      f32.const 255
      f32.div
      f32.store
      local.get $10
      local.get $12
      i32.add
      local.get $16
      i32.load8_u offset=1
      f32.convert_i32_u
      f32.const 255
      f32.div
      f32.store
      local.get $10
      local.get $12
      i32.const 1
      i32.shl
      i32.add
      local.get $16
      i32.load8_u offset=2
      f32.convert_i32_u
      f32.const 255
      f32.div
      f32.store
      local.get $8
      i32.const 1
      i32.add
      local.set $8
      br $for-loop|2
     end
    end
    local.get $13
    i32.const 1
    i32.add
    local.set $13
    br $for-loop|0
   end
  end
 )
 (func $assembly/blur/blur (param $0 i32) (param $1 i32) (param $2 i32) (param $3 i32) (param $4 i32) (param $5 i32)
  (local $6 i32)
  (local $7 i32)
  (local $8 i32)
  (local $9 i32)
  (local $10 i32)
  (local $11 i32)
  (local $12 v128)
  (local $13 i32)
  (local $14 i32)
  (local $15 i32)
  (local $16 i32)
  (local $17 i32)
  (local $18 i32)
  local.get $1
  local.get $1
  i32.mul
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $16
  local.get $1
  i32.const 3
  i32.add
  i32.const -4
  i32.and
  i32.const 2
  i32.shl
  local.set $13
  loop $for-loop|0
   local.get $11
   i32.const 3
   i32.lt_u
   if
    i32.const 0
    local.set $9
    loop $for-loop|1
     local.get $1
     local.get $9
     i32.gt_u
     if
      local.get $5
      local.get $1
      local.get $11
      i32.mul
      local.get $9
      i32.add
      local.get $13
      i32.mul
      i32.add
      local.set $17
      i32.const 0
      local.set $10
      local.get $1
      i32.const 1
      i32.sub
      i32.const 2
      i32.shl
      local.set $7
      local.get $4
      local.get $3
      i32.const 2
      i32.shl
      i32.add
      local.tee $18
      local.get $0
      local.get $11
      local.get $16
      i32.mul
      i32.add
      local.get $1
      local.get $9
      i32.mul
      i32.const 2
      i32.shl
      i32.add
      local.tee $8
      local.get $1
      i32.const 2
      i32.shl
      memory.copy
      i32.const 4
      local.set $6
      loop $for-loop|00
       local.get $6
       local.get $3
       i32.const 2
       i32.shl
       i32.le_u
       if
        local.get $18
        local.get $6
        i32.sub
        local.get $6
        local.get $8
        i32.add
        f32.load
        f32.store
        local.get $7
        local.get $18
        i32.add
        local.get $6
        i32.add
        local.get $7
        local.get $8
        i32.add
        local.get $6
        i32.sub
        f32.load
        f32.store
        local.get $6
        i32.const 4
        i32.add
        local.set $6
        br $for-loop|00
       end
      end
      loop $for-loop|11
       local.get $10
       local.get $1
       i32.const 3
       i32.add
       i32.const -4
       i32.and
       i32.const 2
       i32.shl
       i32.lt_u
       if
        local.get $10
        local.get $18
        i32.add
        local.tee $6
        local.set $8
        local.get $6
        v128.load
        local.get $2
        local.tee $7
        v128.load32_splat
        f32x4.mul
        local.set $12
        i32.const 1
        local.set $15
        loop $for-loop|2
         local.get $3
         local.get $15
         i32.ge_s
         if
          local.get $12
          local.get $6
          i32.const 4
          i32.sub
          local.tee $6
          v128.load
          local.get $8
          i32.const 4
          i32.add
          local.tee $8
          v128.load
          f32x4.add
          local.get $7
          i32.const 4
          i32.add
          local.tee $7
          v128.load32_splat
          f32x4.mul
          f32x4.add
          local.set $12
          local.get $15
          i32.const 1
          i32.add
          local.set $15
          br $for-loop|2
         end
        end
        local.get $10
        local.get $17
        i32.add
        local.get $12
        v128.store
        local.get $10
        i32.const 16
        i32.add
        local.set $10
        br $for-loop|11
       end
      end
      local.get $9
      i32.const 1
      i32.add
      local.set $9
      br $for-loop|1
     end
    end
    local.get $11
    i32.const 1
    i32.add
    local.set $11
    br $for-loop|0
   end
  end
  loop $for-loop|22
   local.get $14
   i32.const 3
   i32.lt_u
   if
    local.get $5
    local.get $1
    local.get $14
    i32.mul
    local.get $13
    i32.mul
    i32.add
    local.set $4
    i32.const 0
    local.set $9
    loop $for-loop|3
     local.get $1
     local.get $9
     i32.gt_s
     if
      local.get $0
      local.get $14
      local.get $16
      i32.mul
      i32.add
      local.get $1
      local.get $9
      i32.mul
      i32.const 2
      i32.shl
      i32.add
      local.set $7
      i32.const 0
      local.set $10
      loop $for-loop|4
       local.get $10
       local.get $13
       i32.lt_u
       if
        local.get $4
        local.get $9
        local.get $13
        i32.mul
        i32.add
        local.get $10
        i32.add
        v128.load
        local.get $2
        local.tee $6
        v128.load32_splat
        f32x4.mul
        local.set $12
        i32.const 1
        local.set $11
        loop $for-loop|5
         local.get $3
         local.get $11
         i32.ge_s
         if
          local.get $6
          i32.const 4
          i32.add
          local.set $6
          i32.const 0
          local.get $9
          local.get $11
          i32.sub
          local.tee $8
          i32.sub
          local.set $15
          i32.const 0
          local.get $9
          local.get $11
          i32.add
          local.tee $17
          i32.sub
          local.set $18
          local.get $12
          local.get $4
          local.get $8
          i32.const 0
          i32.ge_s
          if (result i32)
           local.get $1
           local.get $8
           i32.gt_s
           if (result i32)
            local.get $8
           else
            local.get $1
            i32.const 1
            i32.shl
            i32.const 2
            i32.sub
            local.get $8
            i32.sub
           end
          else
           local.get $15
          end
          local.get $13
          i32.mul
          i32.add
          local.get $10
          i32.add
          v128.load
          local.get $4
          local.get $17
          i32.const 0
          i32.ge_s
          if (result i32)
           local.get $1
           local.get $17
           i32.gt_s
           if (result i32)
            local.get $17
           else
            local.get $1
            i32.const 1
            i32.shl
            i32.const 2
            i32.sub
            local.get $17
            i32.sub
           end
          else
           local.get $18
          end
          local.get $13
          i32.mul
          i32.add
          local.get $10
          i32.add
          v128.load
          f32x4.add
          local.get $6
          v128.load32_splat
          f32x4.mul
          f32x4.add
          local.set $12
          local.get $11
          i32.const 1
          i32.add
          local.set $11
          br $for-loop|5
         end
        end
        local.get $7
        local.get $10
        i32.add
        local.get $12
        v128.store
        local.get $10
        i32.const 16
        i32.add
        local.set $10
        br $for-loop|4
       end
      end
      local.get $9
      i32.const 1
      i32.add
      local.set $9
      br $for-loop|3
     end
    end
    local.get $14
    i32.const 1
    i32.add
    local.set $14
    br $for-loop|22
   end
  end
 )
)
